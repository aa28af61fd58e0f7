//! Commands of one event of one tenant, durable, beside the peers that come as Node packages.

use std::time::Duration;

use crate::commands::ours;
use crate::node_packages::find;
use crate::server::Server;
use crate::table::{median, print, ratio};

pub(crate) async fn measure(server: &Server, seconds: u64, runs: usize) -> anyhow::Result<()> {
    let packages = match find() {
        Ok(packages) => packages,
        Err(missing) => {
            println!("\nmessage-db and Emmett are left out: {missing}");
            return Ok(());
        }
    };
    let span = Duration::from_secs(seconds);
    let mut rows = Vec::new();
    for writers in [8, 32] {
        let mut rates: [Vec<u64>; 4] = Default::default();
        for _ in 0..runs {
            rates[0].push(ours(server, writers, span, 0).await?.rate);
            rates[1].push(packages.message_db(server, writers, span).await?);
            rates[2].push(packages.message_db_pgbench(server, writers, span).await?);
            if writers == 8 {
                rates[3].push(packages.emmett(server, writers, span).await?);
            }
        }
        let [ours, sqlx, pgbench, emmett] = rates.map(median);
        let beside = |peer| match peer {
            0 => "-".to_owned(),
            peer => format!("{peer} ({}x)", ratio(ours, peer)),
        };
        rows.push(vec![
            writers.to_string(),
            ours.to_string(),
            beside(sqlx),
            beside(pgbench),
            beside(emmett),
        ]);
    }
    print(
        "Commands of one tenant a second",
        &[
            "writers",
            "ours",
            "message-db, sqlx",
            "message-db, pgbench",
            "Emmett",
        ],
        &rows,
    );
    Ok(())
}
