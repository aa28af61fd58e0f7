//! `annals up --demo`: two tenants and a seeded quarter of their business, through the platform's own doors.
//!
//! Every command runs under a key, so that a second start adds nothing twice and a start that was killed
//! midway is taken up where it ended.

mod claims;
mod platform;
mod quarter;
mod sales;
mod teller;

use domain::TenantId;
use store::Store;

use teller::Teller;

/// A tenant of the demo, with the token that opens it.
#[derive(Clone, Debug)]
pub struct DemoTenant {
    /// Its id.
    pub id: TenantId,
    /// Its slug.
    pub slug: &'static str,
    /// A bearer token with all scopes.
    pub token: String,
}

/// What filling came to.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The two tenants.
    pub tenants: Vec<DemoTenant>,
    /// Events that were added now; 0 at a second start.
    pub added: u64,
}

/// Fills the two tenants, telling how far it is through `progress`.
///
/// # Errors
/// When the log is away, or a tenant was suspended meanwhile.
pub async fn fill(store: &Store, admin_token: &str, progress: &dyn Fn(&str, u64)) -> anyhow::Result<Demo> {
    let mut demo = Demo {
        tenants: Vec::new(),
        added: 0,
    };
    for (number, plot) in [platform::SALES, platform::CLAIMS].into_iter().enumerate() {
        let mut teller = Teller::new(store, &plot, number as u64);
        let token = platform::token(admin_token, plot.slug);
        progress(plot.name, 0);
        platform::tell(&mut teller, &plot, &token).await?;
        match plot.vertical {
            "sales" => sales::tell(&mut teller).await?,
            _ => claims::tell(&mut teller).await?,
        }
        demo.added += teller.added();
        progress(plot.name, teller.added());
        demo.tenants.push(DemoTenant {
            id: teller.tenant(),
            slug: plot.slug,
            token,
        });
    }
    Ok(demo)
}
