//! The meters that every tenant has: data, in `bundled.json`.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::{Definition, Gauge, MeterCode};

/// A bundled meter as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundled {
    code: MeterCode,
    version: u32,
    definition: Definition,
}

/// The bundled meters, by vertical, in the order of the file.
#[must_use]
pub fn bundled_gauges() -> &'static [Arc<Gauge>] {
    static METERS: LazyLock<Vec<Arc<Gauge>>> = LazyLock::new(|| {
        let all: Vec<Bundled> =
            serde_json::from_str(include_str!("bundled.json")).expect("a test reads the bundled meters");
        let ready = |one: Bundled| {
            let meter = Gauge::try_new(one.code, one.version, one.definition);
            Arc::new(meter.expect("a test checks the bundled meters"))
        };
        all.into_iter().map(ready).collect()
    });
    &METERS
}
