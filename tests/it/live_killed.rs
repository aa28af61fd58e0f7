//! Gateways are killed at random moments while clients follow and others write: every client sees exactly the
//! events, each once and in order, over all its connections.
//!
//! `make chaos` runs 1,000 trials: `ANNALS_KILL_TRIALS` and `ANNALS_CHAOS_SEED` set their number and seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::Notify;

use crate::chaos::setting;
use crate::gateway::follow::Seen;
use crate::gateway::house::{House, Tenant};
use crate::gateway::socket::Socket;
use crate::live_program::Gateway;

/// How many clients are served, each by a gateway of its own.
const LANES: u64 = 2;
/// How long a gateway lives at most: from its client's first word on, or from when the client begins to connect.
const LIFE_MS: [u64; 2] = [80, 200];

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_gateways_that_are_killed_see_every_event_once() {
    let trials = setting("ANNALS_KILL_TRIALS", 20);
    let seed = setting("ANNALS_CHAOS_SEED", 20_260_301);
    println!("{trials} gateways killed with ANNALS_CHAOS_SEED={seed}");
    let house = Arc::new(House::open().await);
    let acme = Arc::new(house.tenant("acme").await);
    let head = house.store.log().head().await.unwrap();
    let left = Arc::new(AtomicU64::new(trials));
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write(Arc::clone(&house), Arc::clone(&acme), Arc::clone(&is_over)));
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let random = StdRng::seed_from_u64(seed + lane);
            let begun = Seen::default();
            tokio::spawn(suffer(
                Arc::clone(&house),
                Arc::clone(&acme),
                random,
                Arc::clone(&left),
                begun,
            ))
        })
        .collect();
    let mut survivors = Vec::new();
    for lane in lanes {
        survivors.push(lane.await.unwrap());
    }
    is_over.store(true, Ordering::SeqCst);
    writer.await.unwrap();

    let wanted = house.positions(&acme, head).await;
    let last = *wanted.last().unwrap();
    let gateway = Gateway::start(house.url(), &[]).await;
    let mut reconnects = 0;
    for mut survivor in survivors {
        let mut socket = Socket::connect_to(gateway.address).await;
        socket.introduce(&acme.token).await;
        socket.send(&survivor.seen.subscribe()).await;
        survivor.seen.until(&mut socket, last).await;
        let begin = survivor.begin.expect("one connection at least came so far");
        let wanted: Vec<u64> = wanted
            .iter()
            .copied()
            .filter(|position| *position > begin)
            .collect();
        let told = &survivor.seen.positions;
        let wrong = told.iter().zip(&wanted).find(|(told, wanted)| told != wanted);
        assert!(
            *told == wanted,
            "{} told, {} wanted; first wrong: {wrong:?}",
            told.len(),
            wanted.len()
        );
        reconnects += survivor.connected;
        println!(
            "{} connections, {} cut before the first word; {} events, exactly",
            survivor.connected,
            survivor.cut_early,
            wanted.len()
        );
    }
    assert!(
        reconnects > trials / 2,
        "the gateways lived long enough to be of use: {reconnects}"
    );
}

/// Writes in small bursts until it is over.
async fn write(house: Arc<House>, acme: Arc<Tenant>, is_over: Arc<AtomicBool>) {
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    for round in 0.. {
        pause.tick().await;
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        house
            .capture(&acme, (0..4).map(|index| format!("k{round}-{index}")))
            .await;
    }
}

/// A client after its gateways were killed.
struct Survivor {
    seen: Seen,
    /// The position at which it began to follow.
    begin: Option<u64>,
    connected: u64,
    cut_early: u64,
}

/// Follows through one gateway after the other, each killed at a random moment.
async fn suffer(
    house: Arc<House>,
    acme: Arc<Tenant>,
    mut random: StdRng,
    left: Arc<AtomicU64>,
    seen: Seen,
) -> Survivor {
    let mut survivor = Survivor {
        seen,
        begin: None,
        connected: 0,
        cut_early: 0,
    };
    // The next one starts while this one serves.
    let start = || {
        let house = Arc::clone(&house);
        tokio::spawn(async move { Gateway::start(house.url(), &[]).await })
    };
    let mut next = start();
    let one_less = |left: u64| left.checked_sub(1);
    while left
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
        .is_ok()
    {
        let mut gateway = next.await.unwrap();
        next = start();
        let from_first_word = random.random_bool(0.75);
        let life = LIFE_MS[usize::from(!from_first_word)];
        let life = Duration::from_micros(random.random_range(1..life * 1_000));
        let before = survivor.seen.positions.len() + survivor.seen.signs.len();
        // The client reads until its connection breaks; the gateway is killed whatever it does.
        let address = gateway.address;
        let heard = Notify::new();
        let follow = async {
            if let Some(mut socket) = Socket::attempt(address, &acme.token).await {
                survivor.connected += 1;
                follow(&mut socket, &mut survivor, &heard).await;
            }
        };
        let kill = async {
            if from_first_word {
                heard.notified().await;
            }
            drop(tokio::time::timeout(life, std::future::pending::<()>()).await);
            gateway.kill();
        };
        tokio::join!(follow, kill);
        if survivor.seen.positions.len() + survivor.seen.signs.len() == before {
            survivor.cut_early += 1;
        }
    }
    drop(next.await);
    survivor
}

/// Reads until the connection breaks.
async fn follow(socket: &mut Socket, survivor: &mut Survivor, heard: &Notify) {
    if !socket.tell(&survivor.seen.subscribe()).await {
        return;
    }
    while let Some(message) = socket.heard().await {
        survivor.seen.take(&message);
        heard.notify_one();
        if survivor.begin.is_none() {
            // It begins before the first event, or at the first sign.
            let first = survivor.seen.positions.first().map(|first| first - 1);
            survivor.begin = first.or_else(|| survivor.seen.position());
        }
    }
}
