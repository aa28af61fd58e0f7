//! The database behind the program: an external one by its URL, else an embedded PostgreSQL.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cluster::{Binaries, Cluster, Shutdown};
use store::Role;

use crate::config::{Settings, search_path};
use crate::{ambient, told};

/// The database's name in the embedded cluster.
const DATABASE: &str = "annals";

/// A database that is up and migrated.
#[derive(Debug)]
pub struct Database {
    /// Its URL, as the owner.
    pub url: String,
    /// The embedded server, if it is ours.
    cluster: Option<Cluster>,
}

impl Database {
    /// Starts or finds the database, makes it if it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// When there is no PostgreSQL, or it does not start, or the URL leads nowhere: with what to do.
    pub async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let database = match &settings.database_url {
            Some(url) => Self {
                url: url.clone(),
                cluster: None,
            },
            None => Self::embedded(&settings.data_dir).await?,
        };
        let versions = database.migrate().await?;
        if !versions.is_empty() {
            told::migrated(&database.url, settings, &versions).await;
        }
        Ok(database)
    }

    async fn embedded(data_dir: &Path) -> anyhow::Result<Self> {
        let binaries = Binaries::find(search_path().as_deref())?;
        std::fs::create_dir_all(data_dir).with_context(|| format!("data folder {}", data_dir.display()))?;
        let options = |folder: &Path| {
            cluster::Options::new(folder, binaries.clone())
                .setting("max_connections", "100")
                .setting("shared_buffers", "256MB")
                .setting("max_wal_size", "4GB")
        };
        let cluster = match Cluster::start(options(data_dir)).await {
            Err(cluster::Error::Unreachable { user, .. }) => {
                let folder = reachable(data_dir)?;
                tracing::info!(folder = %folder.display(), %user, "annals.postgres lies where {user} can reach it");
                Cluster::start(options(&folder)).await?
            }
            other => other?,
        };
        let url = cluster.url(DATABASE);
        store::ensure_database(&url)
            .await
            .context("the embedded database")?;
        Ok(Self {
            url,
            cluster: Some(cluster),
        })
    }

    async fn migrate(&self) -> anyhow::Result<Vec<i64>> {
        let owner = store::pool(&self.url, Role::Owner, 1).context("the database's URL")?;
        let versions = store::migrate(&owner).await.context("the database's schema")?;
        owner.close().await;
        Ok(versions)
    }

    /// Stops the server, if this process started it.
    ///
    /// # Errors
    /// When it does not stop in time.
    pub async fn close(self) -> anyhow::Result<()> {
        if let Some(cluster) = self.cluster {
            cluster.stop(Shutdown::Fast).await?;
        }
        Ok(())
    }
}

/// Where root's embedded server lies when the account that runs it can't enter the data folder
/// (`/root/...`): one folder below `/var/lib/annals` for each data folder.
fn reachable(data_dir: &Path) -> anyhow::Result<PathBuf> {
    let full = data_dir.canonicalize()?;
    let name: String = full
        .display()
        .to_string()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let folder = Path::new("/var/lib/annals").join(name.trim_matches('-'));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The platform administrator's token: as given, else made once and kept in the data folder.
///
/// # Errors
/// When the folder or the file can't be written.
pub fn admin_token(settings: &Settings) -> anyhow::Result<String> {
    if let Some(token) = &settings.admin_token {
        return Ok(token.clone());
    }
    let file = settings.data_dir.join("admin-token");
    if let Ok(token) = std::fs::read_to_string(&file) {
        return Ok(token.trim().to_owned());
    }
    std::fs::create_dir_all(&settings.data_dir)?;
    let token = format!("annals_admin_{}", ambient::secret());
    std::fs::write(&file, &token).with_context(|| format!("secret file {}", file.display()))?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
    Ok(token)
}
