//! `annals keys`: the master keys of personal data.

use store::{LocalKeys, MasterKeys as _, Role, rotate_master_key, wrapped_by};

use super::args::KeysCommand;
use crate::ambient;
use crate::config::Settings;
use crate::output::say;
use crate::refusals::Refused;

/// Runs `annals keys` on a database.
///
/// # Errors
/// When a master key is missing, or the database is away.
pub async fn keys(url: &str, settings: &Settings, command: KeysCommand) -> anyhow::Result<()> {
    let keys = settings.vault.keys(&settings.data_dir)?;
    let pool = store::pool(url, Role::Projector, 2)?;
    match command {
        KeysCommand::Fresh => say!("{}", LocalKeys::fresh_line()?)?,
        KeysCommand::Status => {
            let current = keys.current().await?;
            let wrapped = wrapped_by(&pool).await?;
            for id in keys.ids() {
                let count = wrapped
                    .iter()
                    .find(|(of, _)| *of == id)
                    .map_or(0, |(_, count)| *count);
                let wraps = if id == current { "wraps" } else { "opens" };
                say!("{id}  {wraps}  {count} data keys")?;
            }
            for (id, count) in wrapped.iter().filter(|(id, _)| !keys.ids().contains(id)) {
                say!("{id}  MISSING  {count} data keys can't be opened")?;
            }
        }
        KeysCommand::Rotate { go_on } => {
            if !go_on {
                let fresh = keys.add_fresh()?;
                say!("{fresh} wraps from now on")?;
            }
            let mut tell = |keys: u64| eprintln!("{keys} data keys are wrapped anew");
            let rotated = rotate_master_key(&pool, keys.as_ref(), ambient::system().now(), &mut tell).await?;
            say!(
                "{} data keys were wrapped anew: all are under {}, and older master keys can be removed",
                rotated.keys,
                rotated.master_key
            )?;
        }
        KeysCommand::RemoveOld => {
            let current = keys.current().await?;
            let others: u64 = wrapped_by(&pool)
                .await?
                .iter()
                .filter(|(id, _)| *id != current)
                .map(|(_, count)| count)
                .sum();
            if others > 0 {
                let refused = Refused {
                    code: "STILL_NEEDED",
                    message: format!(
                        "{others} data keys are not under {current} yet: run `annals keys rotate --go-on` first"
                    ),
                };
                return Err(refused.into());
            }
            for id in keys.remove_old()? {
                say!("{id} is removed")?;
            }
        }
    }
    Ok(())
}
