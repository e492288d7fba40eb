//! The pages of hosted apps that are open: for which tenant, by which flow, and how they fare. Bookkeeping: nothing here
//! leaves an audit row, and nothing here lets anybody in.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::app_frame::{ActiveModel, Column, Entity, Model};
use super::entity::app_visitor;
use super::{Central, Error, LIMIT, Source as _};
use crate::domain::{Key, TenantId};

/// A page of a hosted app.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The SHA-256 of its key, in hex.
    pub id: String,
    /// By what its opener was known ([`crate::identity::Credential::name`]).
    pub bearer: String,
    /// The tenant.
    pub tenant: TenantId,
    /// The app.
    pub app: Key,
    /// The dashboard around it; none where it was opened alone.
    pub dashboard: Option<Key>,
    /// Whether it goes by the legacy flow.
    pub legacy: bool,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
}

/// Since when, and how, the callbacks of a page fail.
#[derive(Clone, Debug, PartialEq)]
pub struct Failing {
    /// Since when.
    pub since: DateTime<Utc>,
    /// The status they are answered with.
    pub status: u16,
    /// The reference in the log.
    pub reference: String,
}

impl TryFrom<Model> for Frame {
    type Error = Error;

    fn try_from(row: Model) -> Result<Frame, Error> {
        Ok(Frame {
            id: row.id,
            bearer: row.bearer,
            tenant: TenantId(row.tenant_id),
            app: row.app.parse().map_err(Error::Internal)?,
            dashboard: row.dashboard.map(|key| key.parse()).transpose().map_err(Error::Internal)?,
            legacy: row.legacy,
            opened_at: row.opened_at,
        })
    }
}

/// Opens a page; on an origin of their own, with the ticket (its SHA-256) that lets its browser in there once until then.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn open(central: &Central, frame: &Frame, ticket: Option<(String, DateTime<Utc>)>) -> Result<(), Error> {
    let (ticket, until) = ticket.unzip();
    let row = ActiveModel {
        id: Set(frame.id.clone()),
        bearer: Set(frame.bearer.clone()),
        tenant_id: Set(frame.tenant.0),
        app: Set(frame.app.to_string()),
        dashboard: Set(frame.dashboard.as_ref().map(ToString::to_string)),
        legacy: Set(frame.legacy),
        end_id: Set(None),
        ticket: Set(ticket),
        ticket_until: Set(until),
        opened_at: Set(frame.opened_at),
        seen_at: Set(frame.opened_at),
        closed_at: Set(None),
        failing_since: Set(None),
        failing_status: Set(None),
        failing_reference: Set(None),
    };
    central.jot(&Entity::insert(row)).await?;
    Ok(())
}

/// The page whose key has this hash.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(central: &Central, id: &str) -> Result<Option<Frame>, Error> {
    Entity::find_by_id(id).one(central.on()).await?.map(Frame::try_from).transpose()
}

/// The page of this opener in whose index this end id (its SHA-256) stood.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn by_end(central: &Central, bearer: &str, app: &Key, end: &str) -> Result<Option<Frame>, Error> {
    let whose = Condition::all().add(Column::Bearer.eq(bearer)).add(Column::App.eq(app.as_str())).add(Column::EndId.eq(end));
    Entity::find().filter(whose).one(central.on()).await?.map(Frame::try_from).transpose()
}

/// The pages of an app that this opener has open: seen since then, and not closed; the newest first.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn open_since(central: &Central, bearer: &str, app: &Key, since: DateTime<Utc>) -> Result<Vec<Frame>, Error> {
    let whose = Condition::all()
        .add(Column::Bearer.eq(bearer))
        .add(Column::App.eq(app.as_str()))
        .add(Column::SeenAt.gte(since))
        .add(Column::ClosedAt.is_null());
    let rows = Entity::find().filter(whose).order_by_desc(Column::OpenedAt).limit(LIMIT).all(central.on()).await?;
    rows.into_iter().map(Frame::try_from).collect()
}

/// Notes that a page is there.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn seen(central: &Central, id: &str) -> Result<(), Error> {
    let now = central.clock().now();
    set(central, Column::Id.eq(id), [(Column::SeenAt, Expr::value(now)), (Column::ClosedAt, Expr::value(None::<DateTime<Utc>>))])
        .await
}

/// Notes that its opener has closed a page.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn close(central: &Central, id: &str, bearer: &str) -> Result<(), Error> {
    let whose = Column::Id.eq(id).and(Column::Bearer.eq(bearer));
    set(central, whose, [(Column::ClosedAt, Expr::value(central.clock().now()))]).await
}

/// Notes that an app opened alone anew has taken the place of the pages of it that this opener opened alone before.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn close_alone(central: &Central, bearer: &str, app: &Key) -> Result<(), Error> {
    let whose = Column::Bearer.eq(bearer).and(Column::App.eq(app.as_str())).and(Column::Dashboard.is_null());
    set(central, whose, [(Column::ClosedAt, Expr::value(central.clock().now()))]).await
}

/// Remembers the end id (its SHA-256) that stood in a page's index.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn set_end(central: &Central, id: &str, end: &str) -> Result<(), Error> {
    set(central, Column::Id.eq(id), [(Column::EndId, Expr::value(end))]).await
}

/// How the callbacks of a page fail; none when they do not.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn failing(central: &Central, id: &str) -> Result<Option<Failing>, Error> {
    let Some(row) = Entity::find_by_id(id).one(central.on()).await? else { return Ok(None) };
    Ok(row.failing_since.map(|since| Failing {
        since,
        status: row.failing_status.and_then(|status| u16::try_from(status).ok()).unwrap_or(502),
        reference: row.failing_reference.unwrap_or_default(),
    }))
}

/// Notes how the callbacks of a page fail, or that they do not any more.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn set_failing(central: &Central, id: &str, failing: Option<&Failing>) -> Result<(), Error> {
    let columns = [
        (Column::FailingSince, Expr::value(failing.map(|failing| failing.since))),
        (Column::FailingStatus, Expr::value(failing.map(|failing| i32::from(failing.status)))),
        (Column::FailingReference, Expr::value(failing.map(|failing| failing.reference.clone()))),
    ];
    set(central, Column::Id.eq(id), columns).await
}

/// The page that this ticket (its SHA-256) was made for, once: whoever comes second gets nothing, at the same moment or later.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn redeem(central: &Central, ticket: &str) -> Result<Option<Frame>, Error> {
    let good = Column::Ticket.eq(ticket).and(Column::TicketUntil.gt(central.clock().now()));
    let Some(row) = Entity::find().filter(good.clone()).one(central.on()).await? else { return Ok(None) };
    let none = Expr::value(None::<String>);
    let done = central.jot(&Entity::update_many().col_expr(Column::Ticket, none).filter(good)).await?;
    if done == 1 { Frame::try_from(row).map(Some) } else { Ok(None) }
}

/// Lets a browser in on the origin of hosted apps: the cookie of this SHA-256 stands for this opener.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn admit(central: &Central, cookie: &str, bearer: &str) -> Result<(), Error> {
    let row = app_visitor::ActiveModel {
        id: Set(cookie.to_owned()),
        bearer: Set(bearer.to_owned()),
        opened_at: Set(central.clock().now()),
    };
    central.jot(&app_visitor::Entity::insert(row)).await?;
    Ok(())
}

/// A browser that was let in on the origin of hosted apps, and whom it stands for. Only [`admitted`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted(String);

impl Admitted {
    /// By what its opener is known.
    pub fn bearer(&self) -> &str {
        &self.0
    }
}

/// Whom the cookie of this SHA-256 stands for.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn admitted(central: &Central, cookie: &str) -> Result<Option<Admitted>, Error> {
    Ok(app_visitor::Entity::find_by_id(cookie).one(central.on()).await?.map(|row| Admitted(row.bearer)))
}

/// Removes what nobody has seen since then.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn sweep(central: &Central, before: DateTime<Utc>) -> Result<(), Error> {
    central.jot(&Entity::delete_many().filter(Column::SeenAt.lt(before))).await?;
    central.jot(&app_visitor::Entity::delete_many().filter(app_visitor::Column::OpenedAt.lt(before))).await?;
    Ok(())
}

async fn set<const N: usize>(central: &Central, whose: SimpleExpr, columns: [(Column, SimpleExpr); N]) -> Result<(), Error> {
    let update = columns.into_iter().fold(Entity::update_many(), |update, (column, value)| update.col_expr(column, value));
    central.jot(&update.filter(whose)).await?;
    Ok(())
}
