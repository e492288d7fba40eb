//! Wall screens: each has a link of its own, known by its hash; the link itself is nowhere.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::device::{ActiveModel, Column, Entity, Model};
use super::tenants::like;
use super::{Central, Change, Error, Page, Source, Table};
use crate::domain::{Key, TenantId};

/// A wall screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// The id.
    pub id: Uuid,
    /// The only tenant it shows.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// The only dashboards it shows, in the order they take turns.
    pub dashboards: Vec<Key>,
    /// Who gave it its link.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it last asked for something, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl TryFrom<Model> for Device {
    type Error = Error;

    fn try_from(row: Model) -> Result<Device, Error> {
        let keys: Vec<String> = serde_json::from_str(&row.dashboards).map_err(|cause| Error::Internal(cause.to_string()))?;
        Ok(Device {
            id: row.id,
            tenant: TenantId(row.tenant_id),
            name: row.name,
            dashboards: keys.iter().map(|key| key.parse().map_err(Error::Internal)).collect::<Result<_, _>>()?,
            created_by: row.created_by,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        })
    }
}

/// The wall screens of a tenant by name; `search` is looked for in names, pages count from 1 and hold at most 200.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn list(
    from: &impl Source,
    tenant: TenantId,
    search: Option<&str>,
    number: u32,
    size: u32,
) -> Result<Page<Device>, Error> {
    let (number, size) = (Ord::max(number, 1), Ord::clamp(size, 1, 200));
    let mut query = Entity::find().filter(Column::TenantId.eq(tenant.0));
    if let Some(search) = search.filter(|text| !text.trim().is_empty()) {
        query = query.filter(Func::lower(Expr::col(Column::Name)).like(LikeExpr::new(like(search)).escape('\\')));
    }
    let total = query.clone().count(from.on()).await?;
    let offset = u64::from(number - 1) * u64::from(size);
    let rows = query.order_by_asc(Column::Name).order_by_asc(Column::Id).offset(offset).limit(u64::from(size));
    let items = rows.all(from.on()).await?.into_iter().map(Device::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, number, size, total })
}

/// The wall screen of this id, if it is this tenant's.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn in_tenant(from: &impl Source, tenant: TenantId, id: Uuid) -> Result<Option<Device>, Error> {
    let mine = Entity::find_by_id(id).filter(Column::TenantId.eq(tenant.0));
    mine.one(from.on()).await?.map(Device::try_from).transpose()
}

/// The wall screen whose link has this hash.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(from: &impl Source, token_hash: &str) -> Result<Option<Device>, Error> {
    Entity::find().filter(Column::TokenHash.eq(token_hash)).one(from.on()).await?.map(Device::try_from).transpose()
}

/// The wall screen of this id; none once its link was taken back.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn by_id(from: &impl Source, id: Uuid) -> Result<Option<Device>, Error> {
    Entity::find_by_id(id).one(from.on()).await?.map(Device::try_from).transpose()
}

/// Adds a wall screen.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn create(change: &Change, device: &Device, token_hash: &str) -> Result<(), Error> {
    let keys: Vec<&str> = device.dashboards.iter().map(Key::as_str).collect();
    let row = ActiveModel {
        id: Set(device.id),
        tenant_id: Set(device.tenant.0),
        name: Set(device.name.clone()),
        token_hash: Set(token_hash.to_owned()),
        dashboards: Set(serde_json::to_string(&keys).map_err(|cause| Error::Internal(cause.to_string()))?),
        created_by: Set(device.created_by.clone()),
        created_at: Set(device.created_at),
        last_used_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(change.on()).await?;
    Ok(())
}

/// Takes the link of a tenant's wall screen back, and gives the screen that had it; none when there is no such screen.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn revoke(change: &Change, tenant: TenantId, id: Uuid) -> Result<Option<Device>, Error> {
    let Some(device) = in_tenant(change, tenant, id).await? else { return Ok(None) };
    change.alters(&[Table::Devices]);
    Entity::delete_by_id(id).exec(change.on()).await?;
    Ok(Some(device))
}

/// Notes that a wall screen asked for something. Bookkeeping: it leaves no audit row.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn touch(central: &Central, id: Uuid, at: DateTime<Utc>) -> Result<(), Error> {
    central.jot(&Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(at)).filter(Column::Id.eq(id))).await?;
    Ok(())
}
