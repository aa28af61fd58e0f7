//! Builds: the fillings of a read model's table. One is live; others are filled beside it, or kept to go back to.

use domain::TenantId;
use sqlx::{PgConnection, PgExecutor};

/// What a build is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildState {
    /// It is being filled.
    Building,
    /// It is filled, and waits for a switch.
    Ready,
    /// Queries read it.
    Live,
    /// It was live; one can go back to it.
    Previous,
}

impl BuildState {
    /// As it is stored, and as a user reads it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Ready => "ready",
            Self::Live => "live",
            Self::Previous => "previous",
        }
    }

    fn parse(name: &str) -> Self {
        let all = [Self::Building, Self::Ready, Self::Live];
        all.into_iter()
            .find(|state| state.name() == name)
            .unwrap_or(Self::Previous)
    }
}

/// What a switch demands of the difference to the live build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Nothing.
    #[default]
    Any,
    /// That there is none.
    Empty,
    /// That there is none, or that somebody accepted just this one.
    Accepted,
}

impl Policy {
    /// As it is stored, and as a user names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Empty => "empty",
            Self::Accepted => "accepted",
        }
    }

    fn parse(name: &str) -> Self {
        let all = [Self::Empty, Self::Accepted];
        all.into_iter()
            .find(|policy| policy.name() == name)
            .unwrap_or_default()
    }
}

/// Which rows a build has.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Scope {
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
    /// Of this tenant, the row with these values in its key's columns only.
    pub key: Option<Vec<String>>,
}

/// A filling of a read model's table.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Build {
    /// The read model.
    pub name: String,
    /// Its number, from 1.
    pub build: i32,
    /// What it is for.
    pub state: BuildState,
    /// The version of the fold that wrote its rows.
    pub version: i32,
    /// The last position up to which all its shards have folded.
    pub position: u64,
    /// Which rows it has.
    #[serde(flatten)]
    pub scope: Scope,
    /// What a switch demands.
    pub policy: Policy,
    /// Whether it is to take the live one's place as soon as it is ready.
    pub switch_when_ready: bool,
    /// The digest of the difference that somebody accepted.
    pub accepted: Option<String>,
    /// How many events its filling read so far.
    pub events: u64,
    /// How many rows its filling wrote.
    pub rows: u64,
    /// How long its filling took so far.
    pub seconds: f64,
    /// The position to which it is being filled.
    pub target: u64,
}

impl Build {
    /// The name of the build's table.
    pub(super) fn table(&self) -> String {
        table_name(&self.name, self.build, self.state)
    }

    /// The name of the work of filling it.
    pub(super) fn work(&self) -> String {
        format!("{}#{}", self.name, self.build)
    }
}

pub(super) fn table_name(model: &str, build: i32, state: BuildState) -> String {
    match state {
        BuildState::Live => model.to_owned(),
        _ => format!("builds.{model}_{build}"),
    }
}

/// All builds, by name and number.
pub(super) async fn all(connection: impl PgExecutor<'_>) -> Result<Vec<Build>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select b.name, b.build, b.state, b.only_tenant, b.only_key, b.policy, b.switch_when_ready, b.accepted,
               b.events, b.rows, b.seconds, b.target,
               min(c.version) as "version!", min(c.position) as "position!"
        from read_model_builds b
        join read_model_checkpoints c on c.name = b.name and c.build = b.build
        group by b.name, b.build
        order by b.name, b.build
        "#
    )
    .fetch_all(connection)
    .await?;
    let build = rows.into_iter().map(|row| Build {
        state: BuildState::parse(&row.state),
        version: row.version,
        position: super::position(row.position),
        scope: Scope {
            tenant: row.only_tenant.and_then(|tenant| tenant.parse().ok()),
            key: row.only_key,
        },
        policy: Policy::parse(&row.policy),
        switch_when_ready: row.switch_when_ready,
        accepted: row.accepted,
        events: super::position(row.events),
        rows: super::position(row.rows),
        seconds: row.seconds,
        target: super::position(row.target),
        name: row.name,
        build: row.build,
    });
    Ok(build.collect())
}

/// What a new build is to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) scope: Scope,
    pub(super) policy: Policy,
    pub(super) switch_when_ready: bool,
}

/// Adds a build with an empty table, and gives its number. Whoever calls holds the read model's checkpoints.
pub(super) async fn add(
    connection: &mut PgConnection,
    (name, version): (&str, i32),
    shards: &[u32],
    plan: &Plan,
) -> Result<i32, sqlx::Error> {
    let tenant = plan.scope.tenant.map(|tenant| tenant.to_string());
    let build = sqlx::query_scalar!(
        r#"
        insert into read_model_builds (name, build, state, only_tenant, only_key, policy, switch_when_ready)
        select $1, coalesce(max(build), 0) + 1, 'building', $2, $3, $4, $5
        from read_model_builds
        where name = $1
        returning build
        "#,
        name,
        tenant,
        plan.scope.key.as_deref(),
        plan.policy.name(),
        plan.switch_when_ready,
    )
    .fetch_one(&mut *connection)
    .await?;
    super::checkpoint::add(&mut *connection, (name, build), version, shards).await?;
    sqlx::query!(
        "select read_model_create_table($1, $2)::text as done",
        name,
        build
    )
    .fetch_one(connection)
    .await?;
    Ok(build)
}

/// Says what a build is for from now on.
pub(super) async fn set_state(
    connection: &mut PgConnection,
    (name, build): (&str, i32),
    state: BuildState,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update read_model_builds set state = $3, changed_at = now() where name = $1 and build = $2",
        name,
        build,
        state.name(),
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Removes a build that is not live, with its table.
pub(super) async fn remove(
    connection: &mut PgConnection,
    (name, build): (&str, i32),
) -> Result<(), sqlx::Error> {
    for sql in [
        "delete from read_model_checkpoints where name = $1 and build = $2",
        "delete from read_model_builds where name = $1 and build = $2",
        "delete from read_model_parked where name = $1 and build = $2",
        "delete from read_model_stale where name = $1 and build = $2",
        "select read_model_drop_table($1, $2)",
    ] {
        sqlx::query(sql)
            .bind(name)
            .bind(build)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
