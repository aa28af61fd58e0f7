//! A rule of retention, an archived year and a legal hold at once: the hold keeps what is held readable, the rule erases the
//! rest, and where the events lie makes no difference.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use domain::Event;
use domain::lead::Event as LeadEvent;
use domain::retention::{Command as Rule, Refusal, Retention};
use domain::subject::{Command, Subject};
use jiff::SignedDuration;
use store::{
    Ambient, Archive, ArchiveError, ArchiveOrder, Filter, Orders, RetentionError, StoreError, retention_id,
};

use super::ground::{Ground, ground, subject};

const TYPE: &str = "lead.captured";
const KEEP: &[&str] = &["tenant", "retention", "subject"];

impl Ground {
    fn file_of(&self, year: i32) -> PathBuf {
        self.folder.path().join(format!("{year}.zst"))
    }

    fn ambient(&self) -> Ambient {
        Ambient {
            clock: Arc::clone(&self.clock) as _,
            ids: Arc::new(testkit::TestIds::seeded(5)),
        }
    }

    fn days(&self, days: i64) {
        self.clock.advance(SignedDuration::from_hours(24 * days));
    }

    async fn archive(&self, year: i32) -> Archive {
        self.seal().await;
        let order = ArchiveOrder {
            year,
            to: self.file_of(year),
            keep: KEEP.to_vec(),
        };
        let owner = self.owner().await;
        store::archive(&owner, &self.ambient(), &order, &mut |_| {})
            .await
            .unwrap()
    }

    async fn mount(&self, year: i32) -> Result<Archive, ArchiveError> {
        let (owner, file) = (self.owner().await, self.file_of(year));
        store::mount(&owner, &self.ambient(), &file, &mut |_| {}).await
    }

    async fn unmount(&self, year: i32) {
        let (owner, file) = (self.owner().await, self.file_of(year));
        store::unmount(&owner, &file, KEEP, &mut |_| {}).await.unwrap();
    }

    async fn rule(&self, command: Rule) {
        let id = retention_id(self.acme.tenant);
        let ruled = self
            .store
            .execute::<Retention>(&self.acme, &id, Orders::one(command));
        ruled.await.unwrap();
    }

    async fn subject_is(&self, of: &str, command: Command) {
        let of = subject(of);
        let held = self
            .store
            .execute::<Subject>(&self.acme, &of, Orders::one(command));
        held.await.unwrap();
    }

    /// Of each lead at hand, whether its name can be read by a process that has nothing in memory.
    async fn readable(&self, seed: u64) -> BTreeMap<String, bool> {
        let store = self.fresh(seed).await;
        let page = store.log().page_at_hand(0, &Filter::default(), 99).await.unwrap();
        let captured = page.into_iter().filter_map(|event| match event.event {
            Event::Lead(LeadEvent::Captured { name, .. }) => {
                let name = name.and_then(|name| name.reveal().cloned());
                Some((event.stream.id, name.as_deref() == Some("Ada Lovelace")))
            }
            _ => None,
        });
        captured.collect()
    }
}

fn leads(all: &[(&str, bool)]) -> BTreeMap<String, bool> {
    all.iter().map(|(id, told)| ((*id).to_owned(), *told)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_keeps_what_is_held_in_the_log_and_in_an_archive_and_a_rule_erases_the_rest_in_both() {
    let ground = ground().await;
    for id in ["held-2026", "other-2026"] {
        ground.capture(id).await;
    }
    ground.days(365);
    for id in ["held-2027", "other-2027"] {
        ground.capture(id).await;
    }
    let place = Command::PlaceHold {
        hold: "case-4711".parse().unwrap(),
        reason: "court order".to_owned(),
    };
    for held in ["lead/held-2026", "lead/held-2027"] {
        ground.subject_is(held, place.clone()).await;
    }
    ground
        .rule(Rule::SetRule {
            event_type: TYPE.to_owned(),
            days: 30,
        })
        .await;
    ground.archive(2026).await;
    let owner = ground.owner().await;
    let held = store::held_in(&owner, 2026).await.unwrap();
    assert_eq!((held.subjects, held.tenants), (1, 1));
    assert_eq!(store::held_in(&owner, 2025).await.unwrap().subjects, 0);
    ground.days(90);

    // What is due of the archived year could not be masked in read models: the year is named.
    let refused = ground
        .store
        .apply_retention(&ground.acme, TYPE)
        .await
        .unwrap_err();
    assert!(
        matches!(refused, RetentionError::Archived { year: 2026, .. }),
        "{refused}"
    );
    let said = refused.to_string();
    assert!(
        said.contains("2026.zst") && said.contains("`annals archive mount`"),
        "{said}"
    );
    let all = ["held-2027", "other-2027"].map(|id| (id, true));
    assert_eq!(ground.readable(20).await, leads(&all), "nothing was erased");

    ground.mount(2026).await.unwrap();
    ground.store.apply_retention(&ground.acme, TYPE).await.unwrap();
    let erased = leads(&[
        ("held-2026", true),
        ("held-2027", true),
        ("other-2026", false),
        ("other-2027", false),
    ]);
    assert_eq!(ground.readable(21).await, erased);
    assert_eq!(store::held_in(&owner, 2026).await.unwrap().subjects, 1);

    // The same in a file that was written before the rule was applied; and what is held keeps no rule from going on.
    ground.unmount(2026).await;
    ground.days(31);
    ground.store.apply_retention(&ground.acme, TYPE).await.unwrap();
    ground.mount(2026).await.unwrap();
    assert_eq!(ground.readable(22).await, erased);
    ground.unmount(2026).await;

    // Lifted, the rule reaches what was held, and again asks for the year.
    let lift = Command::LiftHold {
        hold: "case-4711".parse().unwrap(),
        reason: "settled".to_owned(),
    };
    ground.subject_is("lead/held-2026", lift).await;
    ground.days(31);
    let refused = ground
        .store
        .apply_retention(&ground.acme, TYPE)
        .await
        .unwrap_err();
    assert!(
        matches!(refused, RetentionError::Archived { year: 2026, .. }),
        "{refused}"
    );
    ground.mount(2026).await.unwrap();
    ground.store.apply_retention(&ground.acme, TYPE).await.unwrap();
    let again = ground
        .store
        .apply_retention(&ground.acme, TYPE)
        .await
        .unwrap_err();
    assert!(
        matches!(
            again,
            RetentionError::Log(StoreError::Refused(Refusal::NothingDue(..)))
        ),
        "{again}"
    );
    let mut erased = erased;
    erased.insert("held-2026".to_owned(), false);
    assert_eq!(ground.readable(23).await, erased);
}
