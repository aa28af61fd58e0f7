//! Finding a tenant by its slug, in the log itself: a command line can't rely on a projector.

use anyhow::bail;
use domain::{Event, TenantId, tenant};
use store::{Filter, Log};

const PAGE: u32 = 1_000;

/// The tenant of this slug or id.
///
/// # Errors
/// When there is none, with the slugs that there are.
pub async fn find(log: &Log, wanted: &str) -> anyhow::Result<TenantId> {
    let all = list(log).await?;
    let found = all
        .iter()
        .find(|(id, slug)| slug == wanted || id.to_string() == wanted);
    match found {
        Some((id, _)) => Ok(*id),
        None => {
            let slugs: Vec<&str> = all.iter().map(|(_, slug)| slug.as_str()).take(20).collect();
            let there = if slugs.is_empty() {
                "there are none yet".to_owned()
            } else {
                slugs.join(", ")
            };
            bail!("there is no tenant {wanted:?}: {there}")
        }
    }
}

/// All tenants, with their slugs, in the order in which they came.
///
/// # Errors
/// When the log can't be read.
pub async fn list(log: &Log) -> anyhow::Result<Vec<(TenantId, String)>> {
    let filter = Filter {
        types: vec!["tenant.provisioned".to_owned()],
        ..Filter::default()
    };
    let (mut tenants, mut after) = (Vec::new(), 0);
    loop {
        let page = log.page_at_hand(after, &filter, PAGE).await?;
        for event in &page {
            after = event.position;
            if let Event::Tenant(tenant::Event::Provisioned { slug, .. }) = &event.event {
                tenants.push((event.tenant(), slug.as_str().to_owned()));
            }
        }
        if page.len() < PAGE as usize {
            return Ok(tenants);
        }
    }
}
