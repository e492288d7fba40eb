//! Bars and heatmaps: drawn alike over both databases, looked at closely, and taken away as files.

use std::path::Path;

use crate::world::{Kind, Person, Setting, World, state};

const PANELS: [(&str, &str); 4] = [
    (
        "heat",
        "type: heatmap\n  title: Load\n  data_source:\n    table: metrics\n    columns: { timestamp: recorded_at, value: cpu_percent, category: server_name }\n",
    ),
    (
        "spread",
        "type: heatmap\n  title: Spread\n  data_source:\n    table: metrics\n    columns: { timestamp: recorded_at, value: cpu_percent }\n  value_buckets: [20, 40, 60]\n",
    ),
    (
        "bars",
        "type: bar\n  title: Bars\n  data_source:\n    table: metrics\n    columns: { timestamp: recorded_at, value: cpu_percent }\n  aggregate: count\n",
    ),
    (
        "names",
        "type: bar\n  title: Names\n  data_source:\n    table: metrics\n    columns: { category: server_name, timestamp: recorded_at, value: cpu_percent }\n  aggregate: count\n",
    ),
];

fn add(home: &Path) {
    for slug in ["alpha-works", "beta-works"] {
        let folder = home.join("tenants").join(slug);
        let mut board = "dashboard:\n  name: Cells\n  panels:\n".to_owned();
        for (name, panel) in PANELS {
            std::fs::write(folder.join(format!("panels/{name}.yaml")), format!("panel:\n  {panel}")).unwrap();
            board.push_str(&format!("    - {{ id: {name}, config_file: panels/{name}.yaml }}\n"));
        }
        std::fs::write(folder.join("dashboards/cells.yaml"), board).unwrap();
    }
}

async fn on_both(story: impl AsyncFn(&World, &Person)) {
    for beta in [Kind::Sqlite, Kind::Postgres] {
        let world = World::raise(Setting { beta, files: Some(add), ..Setting::default() }).await;
        let viewer = world.person("viewer@beta.example").await;
        story(&world, &viewer).await;
        world.close().await;
    }
}

const DAY: &str = "dashboard=cells&from=now-24h&to=now";

async fn lines(world: &World, viewer: &Person, file: &str) -> Vec<Vec<String>> {
    let text = world.text(viewer, &format!("/tenant/beta-works/report/{file}")).await;
    text.lines().map(|line| line.trim().split(',').map(str::to_owned).collect()).collect()
}

fn sum(lines: &[Vec<String>]) -> f64 {
    lines[1..].iter().filter_map(|line| line.last()?.parse::<f64>().ok()).sum()
}

#[tokio::test]
async fn cells_and_bars_hold_every_reading_once_and_say_when_the_grid_is_finer() {
    on_both(async |world, viewer| {
        let page = world.text(viewer, "/tenant/beta-works/dashboard/cells?from=now-24h&to=now").await;
        for (panel, _) in PANELS {
            assert_eq!(state(&page, panel), "ready", "{panel}");
        }
        assert!(page.contains("data-name=\"MARKBETA-server\"") && page.contains(">under 20</text>"), "{page}");
        assert!(page.contains("mean per 10 min") && page.contains("readings per 10 min"));

        let readings = lines(world, viewer, &format!("heat.csv?{DAY}&disable_aggregation=true")).await;
        assert_eq!(readings[0], ["time", "category", "value"]);
        let count = readings.iter().skip(1).filter(|line| !line[2].is_empty()).count() as f64;
        assert!(count > 50.0, "{count} readings");
        for file in ["spread", "bars", "names"] {
            assert_eq!(sum(&lines(world, viewer, &format!("{file}.csv?{DAY}")).await), count, "{file}");
        }
        let cells = lines(world, viewer, &format!("heat.csv?{DAY}")).await;
        assert!(cells.len() > 10 && cells[1][1] == "MARKBETA-server" && cells[1][0].contains('T'), "{:?}", cells[1]);
        let spread = lines(world, viewer, &format!("spread.csv?{DAY}")).await;
        assert_eq!(spread[0], ["time", "from", "to", "count"]);
        assert!(spread[1..].iter().all(|line| line[1].is_empty() || line[1].parse::<f64>().is_ok()), "{:?}", spread[1]);
    })
    .await;
}

#[tokio::test]
async fn looked_at_closely_they_have_their_rows_and_files_and_offer_only_what_changes_them() {
    on_both(async |world, viewer| {
        let detail = async |panel: &str, more: &str| {
            let path = format!("/tenant/beta-works/dashboard/cells/panel/{panel}/detail?from=now-24h&to=now{more}");
            world.text(viewer, &path).await
        };
        let heat = detail("heat", "").await;
        assert!(heat.contains("id=\"heat-close\"") && heat.contains("id=\"p-heat-rows\""), "{heat}");
        assert!(heat.contains("Disable aggregation") && heat.contains("heat.csv"));
        assert!(detail("heat", "&heat.raw=1").await.contains("mean per 5 min"));
        assert!(!detail("bars", "").await.contains("Disable aggregation"), "bars are buckets either way");
        for (panel, _) in PANELS {
            for ending in ["svg", "png"] {
                let answer = world.get(viewer, &format!("/tenant/beta-works/report/{panel}.{ending}?{DAY}")).await;
                assert_eq!(answer.status(), 200, "{panel}.{ending}");
                let bytes = answer.bytes().await.unwrap();
                let begins: &[u8] = if ending == "svg" { b"<svg" } else { b"\x89PNG" };
                assert!(bytes.starts_with(begins) && bytes.len() > 2_000, "{panel}.{ending}");
            }
        }
    })
    .await;
}
