//! `loggia apply`: the tenants folder into the central database, told before it is done.

use loggia::central::Central;
use loggia::central::audit::Queue;
use loggia::domain::{Clock, CorrelationId};
use loggia::identity;
use loggia::tenancy::{Env, House, Tenancy};

use super::world::console::{Console, DASHBOARD, TENANT};

const SAME: &str = "The central database says what the tenants folder says.\n";

#[test]
fn a_plan_tells_what_apply_then_does_and_the_second_time_there_is_nothing_to_do() {
    let console = Console::with_tenant();
    let planned = console.well(&["apply", "--plan"]);
    assert_eq!(planned, "acme-corp: new, “Acme Corp”\nacme-corp: datastore added\nNothing was changed: this is the plan.\n");
    assert_eq!(console.well(&["apply", "--plan"]), planned, "a plan changes nothing");
    let done = console.well(&["apply"]);
    assert_eq!(done, planned.replace("Nothing was changed: this is the plan.", "Done."));
    assert_eq!(console.well(&["apply"]), SAME);
    assert_eq!(console.well(&["apply", "--plan"]), SAME);
}

#[test]
fn a_change_in_a_file_is_one_difference_in_words() {
    let console = Console::with_tenant();
    console.well(&["apply"]);
    console.write("tenants/acme-corp/tenant.yaml", &TENANT.replace("Acme Corp", "Acme Works"));
    assert_eq!(console.well(&["apply"]), "acme-corp: name “Acme Corp” → “Acme Works”\nDone.\n");
    assert_eq!(console.well(&["apply"]), SAME);
}

#[test]
fn a_folder_that_is_gone_is_pruned_and_comes_back_with_its_folder() {
    let console = Console::with_tenant();
    console.write("tenants/beta-works/tenant.yaml", &TENANT.replace("Acme Corp", "Beta"));
    console.write("tenants/beta-works/dashboards/default.yaml", DASHBOARD);
    console.well(&["apply"]);
    std::fs::remove_dir_all(console.path().join("tenants/beta-works")).expect("removed");
    assert_eq!(
        console.well(&["apply", "--plan"]),
        "beta-works: removed, its folder is gone\nNothing was changed: this is the plan.\n"
    );
    assert_eq!(console.well(&["apply"]), "beta-works: removed, its folder is gone\nDone.\n");
    assert_eq!(console.well(&["apply"]), SAME);
    console.write("tenants/beta-works/tenant.yaml", &TENANT.replace("Acme Corp", "Beta"));
    console.write("tenants/beta-works/dashboards/default.yaml", DASHBOARD);
    assert!(console.well(&["apply"]).starts_with("beta-works: new, “Beta”\n"));
}

#[tokio::test]
async fn a_tenant_that_was_deleted_by_hand_comes_back_only_when_that_is_asked_for() {
    let console = Console::with_tenant();
    console.well(&["apply"]);
    delete(&console).await;
    assert_eq!(console.well(&["apply"]), SAME, "its folder alone does not bring it back");
    assert!(console.well(&["apply", "--plan", "--restore"]).starts_with("acme-corp: new, “Acme Corp”\n"));
    assert!(console.well(&["apply", "--restore"]).starts_with("acme-corp: new, “Acme Corp”\n"));
    assert_eq!(console.well(&["apply", "--restore"]), SAME);
}

/// As an operator deletes a tenant: the row goes, and that it was deleted is kept.
async fn delete(console: &Console) {
    let url = format!("sqlite://{}/data/loggia.db", console.path().display());
    let central = Central::connect(&url, Clock::system()).await.expect("the central database");
    let audit = Queue::start(&central);
    let house = House {
        env: Env::Prod,
        operators_read: false,
        data: console.path().join("data"),
        sealer: loggia::identity::Sealer::keyless(),
    };
    let tenancy = Tenancy::new(&central, &audit, house);
    let actor = identity::console(CorrelationId::new());
    tenancy.delete(&actor, &"acme-corp".parse().expect("a slug")).await.expect("deleted");
    audit.close().await.expect("written");
    tenancy.close();
    central.close().await;
}
