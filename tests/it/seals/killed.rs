//! Sealers as processes: killed at any moment, and two at a time.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use store::{At, SealError};

use super::ground::{Ground, ground, told};

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

struct Process(Child);

impl Process {
    fn start(ground: &Ground) -> Self {
        let child = Command::new(PROGRAM)
            .args([
                "serve",
                "--role",
                "sealer",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                ground.house.database.url(),
            ])
            .arg("--data-dir")
            .arg(ground.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Process {
    /// `kill -9`.
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Waits until an event is sealed.
async fn sealed(ground: &Ground, position: u64) -> Duration {
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while begun.elapsed() < Duration::from_secs(30) {
        ticks.tick().await;
        match ground
            .seals()
            .inclusion(ground.acme.tenant, position, At::Newest)
            .await
        {
            Ok(_) => return begun.elapsed(),
            Err(SealError::NotYet { .. } | SealError::NothingSealed) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("position {position} was not sealed within 30 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn sealers_that_are_killed_leave_one_history_and_another_goes_on() {
    let ground = ground().await;
    let mut position = 2;
    let mut sealer = Process::start(&ground);
    for round in 0..4_u32 {
        // A second one waits for its turn, and takes over.
        let second = (round > 0).then(|| Process::start(&ground));
        ground.capture(round * 30..round * 30 + 15).await;
        if let Some(second) = second {
            drop(std::mem::replace(&mut sealer, second));
        }
        ground.capture(round * 30 + 15..round * 30 + 30).await;
        position += 30;
        // The last of them, 2 modulo 3, is the other tenant's.
        sealed(&ground, position - 1).await;
    }
    // Whoever runs seals within the second.
    ground.capture(300..302).await;
    let within = sealed(&ground, position + 2).await;
    assert!(within < Duration::from_secs(1), "{within:?}");
    drop(sealer);
    let audited = ground.audit().await;
    assert_eq!(told(&audited), Vec::<String>::new());
    assert_eq!((audited.events, audited.unsealed), (position + 2, 0));
}
