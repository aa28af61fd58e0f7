//! The command line of `annals replay`.

use clap::Args;

/// What to replay, and how.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ReplayArgs {
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
    /// The history of this: kind and id, for instance `lead/01K...`
    #[arg(long, value_name = "KIND/ID")]
    pub entity: Option<String>,
    /// Play the tenant's past right after this position, or from this time on (RFC 3339)
    #[arg(long, value_name = "POSITION|TIME", conflicts_with = "entity")]
    pub from: Option<String>,
    /// Up to this position, or to this time; a replay needs an end
    #[arg(long, value_name = "POSITION|TIME", requires = "from")]
    pub to: Option<String>,
    /// So many times as fast as it was, 1 to 1000
    #[arg(long, default_value_t = 1, requires = "from")]
    pub speed: i64,
    /// Of a time in which nothing happened, play so many seconds of it
    #[arg(long, value_name = "SECONDS", requires = "from")]
    pub skip_idle: Option<u64>,
    /// Begin paused: the key s is a step, the space bar goes on
    #[arg(long, requires = "from")]
    pub paused: bool,
    /// End after so many events, and say how to go on
    #[arg(long, value_name = "N", requires = "from")]
    pub steps: Option<u64>,
    /// Events of these types only, for instance `lead.*`; may be repeated
    #[arg(long = "type", value_name = "TYPE", requires = "from")]
    pub types: Vec<String>,
    /// Up to this position
    #[arg(long, value_name = "POSITION", requires = "entity")]
    pub as_of: Option<u64>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// What caused what, in the DOT language of Graphviz
    #[arg(long, requires = "entity", conflicts_with = "json")]
    pub dot: bool,
    /// This step of the entity (1 is the first) as a given/when/then test, with personal data masked
    #[arg(long, value_name = "STEP", requires = "entity", conflicts_with_all = ["json", "dot", "as_of"])]
    pub as_test: Option<u64>,
    /// What the test shows, in a sentence
    #[arg(long, requires = "as_test")]
    pub name: Option<String>,
}
