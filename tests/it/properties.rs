//! The log beside a plain model of it, on inputs that nobody thought of: random, and repeated by their seed.

mod dedup;
mod versions;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};
use tokio::runtime::Runtime;

use crate::support::{House, house, open};

/// Runs a property on a log of its own that two processes have open: the house's store, and another one.
/// `PROPTEST_CASES` and `PROPTEST_RNG_SEED` may be set; a failure names its seed.
fn holds<S: Strategy>(
    cases: u32,
    inputs: &S,
    property: impl AsyncFn(&[&store::Store; 2], S::Value) -> TestCaseResult,
) {
    let asked = Config::default();
    let (seed, cases) = match asked.rng_seed {
        RngSeed::Fixed(seed) => (seed, asked.cases),
        RngSeed::Random => (rand::random(), cases),
    };
    let runtime = Runtime::new().unwrap();
    let (house, other): (House, _) = runtime.block_on(async {
        let house = house().await;
        let other = open(&house.database, 2).await;
        (house, other)
    });
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 200,
        ..asked
    };
    let stores = [&house.store, &other];
    let outcome = TestRunner::new(config).run(inputs, |input| runtime.block_on(property(&stores, input)));
    // The database is dropped inside the runtime, which its pool needs.
    runtime.block_on(async move { drop((other, house)) });
    if let Err(error) = outcome {
        panic!("{error}\nagain with: PROPTEST_RNG_SEED={seed} PROPTEST_CASES={cases}");
    }
}
