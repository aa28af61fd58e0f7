//! A log with two tenants whose events lie between each other, sealed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use domain::Caller;
use domain::lead::Lead;
use sqlx::PgPool;
use store::{
    AuditOrder, Audited, Invalid, KeyFile, Orders, Proven, Role, SealError, SealOptions, Sealed, Sealer,
    Seals, Trusted, verify_file,
};
use tempfile::TempDir;

use crate::support::{House, capture, house, lead_id, tenant};

/// A log, its tenants, and a folder for what PostgreSQL must not have.
pub(super) struct Ground {
    pub(super) house: House,
    pub(super) acme: Caller,
    pub(super) other: Caller,
    pub(super) folder: TempDir,
}

/// Two tenants, provisioned at positions 1 and 2.
pub(super) async fn ground() -> Ground {
    let house = house().await;
    let acme = tenant(&house.store, "acme").await;
    let other = tenant(&house.store, "other").await;
    let folder = tempfile::tempdir().unwrap();
    Ground {
        house,
        acme,
        other,
        folder,
    }
}

impl Ground {
    /// Captures leads in turn, two of acme's and one of the other's.
    pub(super) async fn capture(&self, leads: std::ops::Range<u32>) {
        for number in leads {
            let caller = if number % 3 == 2 { &self.other } else { &self.acme };
            let id = lead_id(&format!("lead-{number}"));
            self.house
                .store
                .execute::<Lead>(caller, &id, Orders::one(capture()))
                .await
                .unwrap();
        }
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn key(&self) -> KeyFile {
        KeyFile::at(self.file("seal.key"))
    }

    pub(super) async fn try_sealer(&self, folder: PathBuf, seed: u8) -> Result<Sealer, SealError> {
        let options = SealOptions {
            key: KeyFile::at(folder.join("seal.key")),
            name: Some("example.com/annals".to_owned()),
            seed: [seed; 32],
            checkpoints: folder.join("checkpoints"),
        };
        Sealer::open(self.projector(), testkit::ambient(9), options).await
    }

    pub(super) async fn sealer(&self) -> Sealer {
        self.try_sealer(self.folder.path().to_owned(), 7).await.unwrap()
    }

    /// Seals all that there is.
    pub(super) async fn seal(&self) {
        let mut sealer = self.sealer().await;
        assert!(matches!(sealer.seal().await.unwrap(), Sealed::Events(_)));
        assert_eq!(sealer.seal().await.unwrap(), Sealed::Events(0));
    }

    pub(super) fn projector(&self) -> PgPool {
        store::pool(self.house.database.url(), Role::Projector, 2).unwrap()
    }

    pub(super) fn seals(&self) -> Seals {
        self.house.store.log().seals()
    }

    pub(super) async fn trusted(&self) -> Trusted {
        self.seals().keys().await.unwrap().unwrap().trusted()
    }

    /// The audit with what was kept outside of PostgreSQL.
    pub(super) async fn audit(&self) -> Audited {
        let order = AuditOrder {
            kept: Some(self.file("checkpoints")),
            ..self.without_kept().await
        };
        self.seals().audit(&order).await.unwrap()
    }

    /// The order for an audit with nothing but the public key.
    pub(super) async fn without_kept(&self) -> AuditOrder {
        AuditOrder {
            trusted: Some(self.trusted().await),
            ..AuditOrder::default()
        }
    }

    /// Runs statements as the superuser, with no trigger in the way.
    pub(super) async fn tamper(&self, statements: &[&str]) {
        let mut transaction = self.house.database.pool().await.begin().await.unwrap();
        sqlx::query("set local session_replication_role = replica")
            .execute(&mut *transaction)
            .await
            .unwrap();
        for statement in statements {
            let done = sqlx::query(statement).execute(&mut *transaction).await.unwrap();
            assert!(done.rows_affected() > 0, "{statement} touched nothing");
        }
        transaction.commit().await.unwrap();
    }

    /// Writes acme's export of a range.
    pub(super) async fn export(&self, name: &str, range: (u64, u64)) -> PathBuf {
        let path = self.file(name);
        let mut file = std::fs::File::create(&path).unwrap();
        self.seals()
            .export(self.acme.tenant, range, &mut file)
            .await
            .unwrap();
        path
    }

    /// Verifies a file with the public key alone.
    pub(super) async fn verify(&self, name: &str) -> Result<Proven, Invalid> {
        verify_file(
            &self.file(name),
            &self.trusted().await,
            NonZeroUsize::new(2).unwrap(),
        )
    }

    /// Writes a file, and says why it is not valid.
    pub(super) async fn refusal(&self, text: &str) -> String {
        std::fs::write(self.file("wrong"), text).unwrap();
        self.verify("wrong").await.unwrap_err().to_string()
    }
}

/// What an audit found, a line each.
pub(super) fn told(audited: &Audited) -> Vec<String> {
    audited.findings.iter().map(ToString::to_string).collect()
}
