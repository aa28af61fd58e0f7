//! The figures of the read models as Prometheus metrics: those that `annals read-model status` shows.

use std::time::Duration;

use projections::{Behind, Look, OperationError, Operations, Status, TenantStatus};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// How often they are taken.
const EVERY: Duration = Duration::from_secs(2);

/// Takes the figures now and then. It ends when it is dropped.
#[derive(Debug)]
pub struct Figures {
    _task: JoinSet<()>,
    text: watch::Receiver<String>,
}

impl Figures {
    /// Begins to take the figures.
    #[must_use]
    pub fn start(operations: Operations) -> Self {
        let (told, text) = watch::channel(String::new());
        let mut task = JoinSet::new();
        task.spawn(take(operations, told));
        Self { _task: task, text }
    }

    /// The figures as they were taken last, in the Prometheus text format; nothing while the database is away.
    #[must_use]
    pub fn text(&self) -> watch::Receiver<String> {
        self.text.clone()
    }
}

async fn take(operations: Operations, told: watch::Sender<String>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let text = match taken(&operations).await {
            Ok((statuses, behind)) => text(&statuses, &behind),
            // No figures are better than old ones.
            Err(error) => {
                tracing::warn!(%error, "annals.figures can't be taken, and will be tried again");
                String::new()
            }
        };
        told.send_replace(text);
    }
}

async fn taken(operations: &Operations) -> Result<(Vec<Status>, Vec<Behind>), OperationError> {
    let statuses = operations.status().await?;
    Ok((statuses, operations.behind(Look::default()).await?))
}

/// A metric's name, what it means, and its value.
type Metric<T> = (&'static str, &'static str, fn(&T) -> String);

const OF_READ_MODELS: [Metric<Status>; 7] = [
    (
        "annals_read_model_position",
        "the last position that it has folded, in all its shards",
        |status| status.position.to_string(),
    ),
    (
        "annals_read_model_lag_events",
        "how many events it is behind the log's end",
        |status| status.lag_events.to_string(),
    ),
    (
        "annals_read_model_lag_ms",
        "for how long the first event that it has not folded is in the log; 0 when it is level",
        |status| status.lag_ms.to_string(),
    ),
    (
        "annals_read_model_rate",
        "how many positions a second it moved on lately",
        |status| status.rate.to_string(),
    ),
    (
        "annals_read_model_version",
        "the version of the fold that writes it",
        |status| status.version.to_string(),
    ),
    (
        "annals_read_model_parked",
        "how many streams wait, because an event of theirs can't be folded",
        |status| status.parked.to_string(),
    ),
    (
        "annals_read_model_carried",
        "1 when a process carries it now, 0 when nobody does",
        |status| u8::from(status.carried).to_string(),
    ),
];

const OF_TENANTS: [Metric<TenantStatus>; 3] = [
    (
        "annals_read_model_tenant_lag_events",
        "how many of the tenant's events it has not folded, among the next 10000 events of the log",
        |status| status.lag_events.to_string(),
    ),
    (
        "annals_read_model_tenant_lag_ms",
        "for how long the first of them is in the log",
        |status| status.lag_ms.to_string(),
    ),
    (
        "annals_read_model_tenant_parked",
        "how many streams of the tenant wait",
        |status| status.parked.to_string(),
    ),
];

const BEHIND: &str = "annals_read_model_tenants_behind";

fn text(statuses: &[Status], behind: &[Behind]) -> String {
    let mut text = String::new();
    for (name, help, value) in OF_READ_MODELS {
        let lines = statuses.iter().map(|status| {
            let (read_model, value) = (&status.name, value(status));
            format!("{name}{{read_model=\"{read_model}\"}} {value}")
        });
        family(&mut text, name, help, lines);
    }
    let help = "how many tenants have events that it has not folded, or streams that wait; at most 20 of them are told";
    let lines = behind.iter().map(|of| {
        let Behind { name, tenants, .. } = of;
        format!("{BEHIND}{{read_model=\"{name}\"}} {tenants}")
    });
    family(&mut text, BEHIND, help, lines);
    for (name, help, value) in OF_TENANTS {
        let lines = behind.iter().flat_map(|of| &of.worst).map(|status| {
            let (read_model, tenant, value) = (&status.name, status.tenant, value(status));
            format!("{name}{{read_model=\"{read_model}\",tenant=\"{tenant}\"}} {value}")
        });
        family(&mut text, name, help, lines);
    }
    text
}

fn family(text: &mut String, name: &str, help: &str, lines: impl Iterator<Item = String>) {
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use domain::TenantId;
    use projections::{Behind, Status, TenantStatus};
    use ulid::Ulid;

    use super::text;

    #[test]
    fn the_metrics_hold_the_figures_of_the_status_and_of_the_tenants_that_wait() {
        let status = Status {
            name: "lead".to_owned(),
            build: 2,
            version: 3,
            program_version: 3,
            position: 90,
            lag_events: 10,
            lag_ms: 1_500,
            rate: 12.5,
            parked: 1,
            carried: true,
            builds: Vec::new(),
        };
        let tenant = TenantId::new(Ulid(7));
        let waits = TenantStatus {
            name: "lead".to_owned(),
            tenant,
            lag_events: 4,
            lag_ms: 1_200,
            parked: 1,
        };
        let behind = Behind {
            name: "lead".to_owned(),
            tenants: 1,
            worst: vec![waits],
        };
        let text = text(&[status], &[behind]);
        for line in [
            "# TYPE annals_read_model_lag_ms gauge",
            "annals_read_model_position{read_model=\"lead\"} 90",
            "annals_read_model_lag_events{read_model=\"lead\"} 10",
            "annals_read_model_lag_ms{read_model=\"lead\"} 1500",
            "annals_read_model_rate{read_model=\"lead\"} 12.5",
            "annals_read_model_version{read_model=\"lead\"} 3",
            "annals_read_model_parked{read_model=\"lead\"} 1",
            "annals_read_model_carried{read_model=\"lead\"} 1",
            "annals_read_model_tenants_behind{read_model=\"lead\"} 1",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
        for (name, value) in [("lag_events", 4), ("lag_ms", 1_200), ("parked", 1)] {
            let line =
                format!("annals_read_model_tenant_{name}{{read_model=\"lead\",tenant=\"{tenant}\"}} {value}");
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }
}
