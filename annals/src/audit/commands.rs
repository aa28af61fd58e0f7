//! `annals audit`: checkpoints, proofs and exports out of the database, and the audit of what lies there.

use std::fs::File;
use std::io::BufWriter;

use anyhow::{Context as _, bail};
use domain::TenantId;
use serde_json::json;
use store::{Ambient, ArchiveFiles, At, AuditOrder, Audited, Log, Role, Seals, Succession, VerifierKey};
use zstd::stream::write::Encoder;

use super::args::{AuditArgs, AuditCommand, ExportArgs};
use super::verify::{trusted, witnesses};
use super::{feed, report};
use crate::config::Settings;
use crate::output::{say, write};
use crate::seal_config::checkpoints;
use crate::{ambient, read_models, tenants, told, vault_config};

/// zstd's level: exports are read once, so it is a quick one.
const LEVEL: i32 = 3;

/// Runs `annals audit`.
///
/// # Errors
/// When something can't be proven, the log is not what was sealed, or the database is away.
pub async fn run(
    url: &str,
    settings: &Settings,
    ambient: Ambient,
    command: AuditCommand,
) -> anyhow::Result<()> {
    let log = vault_config::log(url, &ambient, settings).await?;
    let seals = log.seals();
    let at = |size: Option<u64>| size.map_or(At::Newest, At::Size);
    match command {
        AuditCommand::Feed(args) => {
            let tenant = tenants::find(&log, &args.tenant).await?;
            let upto = log.head().await?;
            told::exported(url, &ambient, settings, &[tenant], &["annals audit feed"]).await;
            let vault = vault_config::vault(url, &ambient, settings).await?;
            let past = read_models::past(url, vault, settings.gateway.limits().past())?;
            feed::run((url, past), &args, tenant, upto).await
        }
        AuditCommand::Report(args) => report::run(&log, settings, ambient.now(), &args).await,
        AuditCommand::Keys => {
            let keys = seals
                .keys()
                .await?
                .context("nothing was ever sealed: there is no key yet")?;
            for (key, _) in keys.keys {
                say!("{key}")?;
            }
            Ok(())
        }
        AuditCommand::Checkpoint { tenant, size } => {
            let tenant = tenants::find(&log, &tenant).await?;
            let signed = seals.checkpoint(tenant, at(size)).await?;
            Ok(write(format_args!("{}", signed.note))?)
        }
        AuditCommand::Prove(args) => {
            let tenant = tenants::find(&log, &args.tenant).await?;
            let proof = seals.inclusion(tenant, args.position, at(args.size)).await?;
            Ok(write(format_args!("{}", proof.file()?))?)
        }
        AuditCommand::Consistency { tenant, from, to } => {
            let tenant = tenants::find(&log, &tenant).await?;
            let proof = seals.consistency(tenant, from, at(to)).await?;
            Ok(write(format_args!("{}", proof.file()?))?)
        }
        AuditCommand::Export(args) => {
            let tenant = tenants::find(&log, &args.tenant).await?;
            // What is written down of the export is not in it.
            let upto = args.upto.min(log.head().await?);
            told::exported(url, &ambient, settings, &[tenant], &["annals audit export"]).await;
            export(&seals, tenant, &ExportArgs { upto, ..args }).await
        }
        AuditCommand::Verify(args) => audit((url, &log), settings, args).await,
        AuditCommand::Cosign {
            tenant,
            witness,
            note,
        } => {
            let tenant = tenants::find(&log, &tenant).await?;
            let witnesses = witness
                .iter()
                .map(|key| key.parse())
                .collect::<Result<Vec<VerifierKey>, _>>()?;
            let text = std::fs::read_to_string(&note).with_context(|| note.display().to_string())?;
            let signed = seals.cosign(tenant, &text, &witnesses).await?;
            Ok(write(format_args!("{}", signed.note))?)
        }
        AuditCommand::RotateKey { lost } => {
            let pool = store::pool(url, Role::Projector, 1)?;
            let file = settings.seal.key(&settings.data_dir);
            let succession = if lost {
                Succession::Lost
            } else {
                Succession::Endorsed
            };
            let now = ambient.now();
            let key = store::rotate_key(&pool, &file, ambient::seed(), succession, now).await?;
            say!("{key}")?;
            Ok(())
        }
    }
}

async fn export(seals: &Seals, tenant: TenantId, args: &ExportArgs) -> anyhow::Result<()> {
    let of_file = || args.to.display().to_string();
    // What is not whole has another name.
    let mut partial = args.to.clone().into_os_string();
    partial.push(".partial");
    let file = BufWriter::new(File::create(&partial).with_context(of_file)?);
    let range = (args.after, args.upto);
    let (exported, file) = if args.to.extension().is_some_and(|ending| ending == "zst") {
        let mut packed = Encoder::new(file, LEVEL)?;
        (seals.export(tenant, range, &mut packed).await, packed.finish()?)
    } else {
        let mut file = file;
        (seals.export(tenant, range, &mut file).await, file)
    };
    let exported = match exported {
        Ok(exported) => exported,
        Err(error) => {
            drop(std::fs::remove_file(&partial));
            return Err(error.into());
        }
    };
    let file = file.into_inner().map_err(|error| error.into_error())?;
    file.sync_all().with_context(of_file)?;
    std::fs::rename(&partial, &args.to).with_context(of_file)?;
    say!(
        "{} events after position {} up to {}, in the tree of {} events: {}",
        exported.events,
        exported.after,
        exported.upto,
        exported.checkpoint.checkpoint.size,
        args.to.display()
    )?;
    Ok(())
}

async fn audit((url, log): (&str, &Log), settings: &Settings, args: AuditArgs) -> anyhow::Result<()> {
    let tenant = match &args.tenant {
        Some(tenant) => Some(tenants::find(log, tenant).await?),
        None => None,
    };
    let read =
        |file: &std::path::PathBuf| std::fs::read_to_string(file).with_context(|| file.display().to_string());
    let order = AuditOrder {
        tenant,
        trusted: if args.keys.is_empty() {
            None
        } else {
            Some(trusted(&args.keys)?)
        },
        witnesses: witnesses(&args.witnesses)?,
        kept: Some(checkpoints(&settings.data_dir)),
        notes: args.against.iter().map(read).collect::<Result<_, _>>()?,
        archives: match args.archives {
            true => ArchiveFiles::Read,
            false => ArchiveFiles::Leave,
        },
    };
    let audited = log.seals().audit(&order).await?;
    tell(url, settings, (log, &args, &audited)).await?;
    if args.json {
        say!("{}", as_json(&audited))?;
    } else {
        let Audited {
            tenants,
            events,
            checkpoints,
            unsealed,
            archived,
            findings,
        } = &audited;
        say!(
            "{events} events of {tenants} tenants held against their trees, {checkpoints} checkpoints verified"
        )?;
        if *unsealed > 0 {
            say!("{unsealed} events are not sealed yet")?;
        }
        if *archived > 0 {
            let looked_at = match args.archives {
                true => "whose files were read",
                false => "and were not looked at: `--archives` reads them where they were written",
            };
            say!("{archived} events are in archives, {looked_at}")?;
        }
        for finding in findings {
            say!("{finding}")?;
        }
    }
    match audited.findings.len() {
        0 => Ok(()),
        1 => bail!("the log is not what was sealed: 1 finding"),
        found => bail!("the log is not what was sealed: {found} findings"),
    }
}

/// Tells each tenant that was looked at what was found in its part of the log, and of the log as a whole.
async fn tell(
    url: &str,
    settings: &Settings,
    (log, args, audited): (&Log, &AuditArgs, &Audited),
) -> anyhow::Result<()> {
    let tenants = match &args.tenant {
        Some(tenant) => vec![tenants::find(log, tenant).await?],
        None => log.tenants().await?,
    };
    let found = tenants.into_iter().map(|tenant| {
        let id = tenant.to_string();
        let own = audited.findings.iter();
        let own = own.filter(|finding| finding.tenant.as_ref().is_none_or(|owner| *owner == id));
        (tenant, own.map(|finding| finding.trace.to_string()).collect())
    });
    let names = args.against.iter().filter_map(|file| file.file_name());
    let against: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    told::verified(url, settings, &against, found.collect()).await;
    Ok(())
}

fn as_json(audited: &Audited) -> serde_json::Value {
    let findings = audited
        .findings
        .iter()
        .map(|finding| json!({ "tenant": finding.tenant, "finding": finding.trace.to_string() }));
    json!({
        "tenants": audited.tenants,
        "events": audited.events,
        "unsealed": audited.unsealed,
        "archived": audited.archived,
        "checkpoints": audited.checkpoints,
        "findings": findings.collect::<Vec<_>>(),
    })
}
