//! Customers and what they bought: eighteen months of real purchases that end today, and the tables a shop would keep of them.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::store::{Value, Writer};
use super::{Error, sample};

/// Which of the sample's customers a catalogue serves: those two groups spend very differently.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Catalogue {
    /// Those whose first order came to `SPLIT` or more.
    LargeFirstOrders,
    /// Those whose first order came to less.
    SmallFirstOrders,
}

/// In cents.
const SPLIT: i64 = 40_00;

const COLUMNS: &[&str] = &["purchased_on", "customer_id", "units", "amount_cents"];

/// Makes the tables and fills them so that the last purchases are of today.
pub(super) async fn load(db: &mut Writer, catalogue: Catalogue, now: DateTime<Utc>) -> Result<(), Error> {
    db.run(TABLES).await?;
    let today = now.date_naive();
    let shift = today - last_day();
    let mut chosen = Chosen { catalogue, customer: String::new(), ours: false };
    let rows = sample::purchases().filter_map(|purchase| match purchase {
        Ok(purchase) => chosen.takes(&purchase).then(|| Ok(row(&purchase, purchase.on + shift))),
        Err(error) => Some(Err(error)),
    });
    db.insert("purchases", COLUMNS, rows).await?;
    db.run(INDEXES).await?;
    retell(db, today).await
}

/// The sample's last day.
fn last_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(1998, 6, 30).unwrap_or_default()
}

fn row(purchase: &sample::Purchase, on: NaiveDate) -> Vec<Value> {
    vec![json!(format!("{on} 00:00:00")), json!(purchase.customer), json!(purchase.units), json!(purchase.cents)]
}

/// Tells a customer's first order from the later ones: a customer's purchases stand together, the first one first.
struct Chosen {
    catalogue: Catalogue,
    customer: String,
    ours: bool,
}

impl Chosen {
    fn takes(&mut self, purchase: &sample::Purchase) -> bool {
        if self.customer != purchase.customer {
            self.customer.clone_from(&purchase.customer);
            self.ours = (purchase.cents >= SPLIT) == (self.catalogue == Catalogue::LargeFirstOrders);
        }
        self.ours
    }
}

/// On a new day the whole history moves up to end today.
pub(super) async fn redate(db: &mut Writer, now: DateTime<Utc>) -> Result<(), Error> {
    let today = now.date_naive();
    let told = db.remembered("purchases_end").await?.and_then(|text| text.parse::<NaiveDate>().ok()).unwrap_or(today);
    if today <= told {
        return Ok(());
    }
    let by = format!("+{} days", (today - told).num_days());
    db.run_with("UPDATE purchases SET purchased_on = datetime(purchased_on, ?1)", &[&by]).await?;
    retell(db, today).await
}

/// Makes the tables that are told from the purchases.
async fn retell(db: &mut Writer, today: NaiveDate) -> Result<(), Error> {
    db.run(RETELL).await?;
    db.remember("purchases_end", &today.to_string()).await
}

const TABLES: &str = "
CREATE TABLE purchases (
    purchased_on TIMESTAMP NOT NULL,
    customer_id  TEXT NOT NULL,
    units        INTEGER NOT NULL,
    amount_cents INTEGER NOT NULL
);
CREATE TABLE customers (
    customer_id    TEXT PRIMARY KEY,
    first_order_on TIMESTAMP NOT NULL,
    last_order_on  TIMESTAMP NOT NULL,
    orders         INTEGER NOT NULL,
    units          INTEGER NOT NULL,
    lifetime_value DECIMAL(12, 2) NOT NULL,
    repeat_percent INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE revenue_months (
    month         TIMESTAMP NOT NULL,
    kind          TEXT NOT NULL,
    revenue       DECIMAL(12, 2) NOT NULL,
    orders        INTEGER NOT NULL,
    average_order DECIMAL(12, 2) NOT NULL,
    PRIMARY KEY (month, kind)
) WITHOUT ROWID;
CREATE TABLE cohorts (
    first_week     TIMESTAMP PRIMARY KEY,
    customers      INTEGER NOT NULL,
    repeat_percent REAL NOT NULL,
    orders_each    REAL NOT NULL,
    average_value  DECIMAL(12, 2) NOT NULL,
    revenue        DECIMAL(12, 2) NOT NULL
) WITHOUT ROWID;
CREATE TABLE value_growth (
    measured_on   TIMESTAMP PRIMARY KEY,
    average_value DECIMAL(12, 2) NOT NULL
) WITHOUT ROWID;";

const INDEXES: &str = "
CREATE INDEX purchases_by_customer ON purchases (customer_id, purchased_on, amount_cents);
CREATE INDEX customers_by_value ON customers (lifetime_value DESC);";

/// Sums are made of whole cents, and become dollars last: no amount is off by a cent.
const RETELL: &str = "
DELETE FROM customers;
INSERT INTO customers
SELECT customer_id, min(purchased_on), max(purchased_on), count(*), sum(units), sum(amount_cents) / 100.0,
       CASE WHEN count(*) > 1 THEN 100 ELSE 0 END
FROM purchases GROUP BY customer_id;

DELETE FROM revenue_months;
INSERT INTO revenue_months
SELECT strftime('%Y-%m-01 00:00:00', purchased_on), CASE WHEN purchased_on = first_order_on THEN 'first orders' ELSE 'repeat orders' END AS kind,
       sum(amount_cents) / 100.0, count(*), round(sum(amount_cents) / 100.0 / count(*), 2)
FROM purchases JOIN customers USING (customer_id) GROUP BY 1, 2;

DELETE FROM cohorts;
INSERT INTO cohorts
SELECT datetime(first_order_on, 'weekday 0', '-6 days') AS week, count(*), round(avg(repeat_percent), 2), round(avg(orders), 3),
       round(avg(lifetime_value), 2), round(sum(lifetime_value), 2)
FROM customers GROUP BY week;

DELETE FROM value_growth;
INSERT INTO value_growth
SELECT week, round(sum(sum(amount_cents)) OVER (ORDER BY week) / 100.0 / (SELECT count(*) FROM customers), 2)
FROM (SELECT datetime(purchased_on, 'weekday 0', '-6 days') AS week, amount_cents FROM purchases) GROUP BY week;
ANALYZE;";
