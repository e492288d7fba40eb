use std::sync::Arc;

use poem::Request;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Response;
use poem_openapi::{Enum, OpenApi};

use super::Tag;
use super::bodies::PanelData;
use super::look::{self, Look};
use crate::error::Result;
use crate::web::Parts;
use crate::web::guards::ActiveTenant;
use crate::web::openapi::{By, Written};

/// Which way rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Direction {
    /// The smallest first.
    Asc,
    /// The largest first.
    Desc,
}

impl Direction {
    fn word(self) -> &'static str {
        match self {
            Direction::Asc => "asc",
            Direction::Desc => "desc",
        }
    }
}

pub struct Panels;

#[OpenApi(prefix_path = "/api/v1/panels", tag = "Tag::Panels")]
impl Panels {
    /// What a panel shows
    ///
    /// The shape of the answer depends on the panel's type. A time series holds every point of a range of up to 8 hours;
    /// longer ranges come in buckets (a minute up to a day, 10 minutes up to 4 days, then hours), unless
    /// `disable_aggregation` asks for every reading. The dashboard's filters are set as on its page, with
    /// `var-{filter}=value` in the query. Where the tenant's database is down the answer is 503, never an old one.
    #[oai(
        path = "/:id/data",
        method = "get",
        operation_id = "panel_data",
        response_header(
            name = "X-Loggia-Truncated",
            ty = "Option<bool>",
            description = "`true` where there are more rows than are given at once."
        )
    )]
    #[allow(clippy::too_many_arguments)] // each is a parameter of the contract
    async fn data(
        &self,
        tenant: By<ActiveTenant>,
        parts: Data<&Arc<Parts>>,
        request: &Request,
        /// The panel's id.
        id: Path<String>,
        /// The dashboard whose range and filters count; without it the front page, else the first that has the panel.
        #[oai(validator(max_length = 64))]
        dashboard: Query<Option<String>>,
        /// From when: ISO 8601 (`2026-11-20T08:00:00Z`, or a local time or date in the shown zone), or relative (`now-24h`). Without it, the dashboard's usual range.
        #[oai(validator(max_length = 64))]
        start_date: Query<Option<String>>,
        /// Until when (exclusive); without it now.
        #[oai(validator(max_length = 64))]
        end_date: Query<Option<String>>,
        /// Every reading instead of buckets, at most 50,000.
        disable_aggregation: Query<Option<bool>>,
        /// Only the series of this label; repeat it for several.
        #[oai(validator(max_items = 50))]
        series_filter: Query<Option<Vec<String>>>,
        /// A table's column to sort by.
        #[oai(validator(max_length = 64))]
        sort: Query<Option<String>>,
        /// Which way it is sorted; ascending unless said.
        dir: Query<Option<Direction>>,
        /// Which page of a table, from 1.
        #[oai(validator(minimum(value = "1"), maximum(value = "1000000")))]
        page: Query<Option<u64>>,
        /// How many rows a page of a table holds; as its author says unless said.
        #[oai(validator(minimum(value = "1"), maximum(value = "1000")))]
        page_size: Query<Option<u32>>,
        /// A text looked for in all columns of a table, whatever its case.
        #[oai(validator(max_length = 200))]
        q: Query<Option<String>>,
    ) -> Result<Response<Written<PanelData>>> {
        let look = Look {
            dashboard: dashboard.0,
            start: start_date.0,
            end: end_date.0,
            raw: disable_aggregation.0.unwrap_or(false),
            series: series_filter.0.unwrap_or_default(),
            sort: sort.0,
            dir: dir.0.map(Direction::word),
            page: page.0,
            page_size: page_size.0,
            q: q.0,
        };
        let scope = &tenant.0.0;
        let looked = look::read(&parts, scope, &id, &look, request.uri().query().unwrap_or_default()).await?;
        let data = looked.data(&parts, scope).await?;
        parts.tenancy.viewed(scope, &looked.dashboard.key);
        let truncated = data.is_truncated();
        let response = Response::new(Written(data));
        Ok(if truncated { response.header("x-loggia-truncated", "true") } else { response })
    }
}
