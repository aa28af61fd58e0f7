//! How a sync ends when something is in its way.

use super::*;

#[tokio::test]
async fn a_closed_door_ends_a_sync_at_once() {
    let ground = ground().await;
    let csv = opportunities(&["A,Ada,Loom,W,Engaging,,,"]);
    let code = async |ground: &Ground| match ground.import(OPPORTUNITIES, &csv).await {
        Err(SyncError::Refused { code, message }) => format!("{code}: {message}"),
        other => format!("{other:?}"),
    };
    assert_eq!(code(&ground).await, "NOT_FOUND: there is no such connector");
    let register =
        async || ensure_connector(&ground.store, &ground.caller, &connector(), "CRM", "csv_file").await;
    register().await.unwrap();
    register().await.unwrap();
    let ask = async |command| {
        let orders = Orders::one(command);
        ground
            .store
            .execute::<Connector>(&ground.caller, &connector(), orders)
            .await
            .unwrap();
    };
    ask(Command::Pause {
        reason: "rest".into(),
    })
    .await;
    assert_eq!(
        code(&ground).await,
        "PAUSED: the connector crm is paused: resume it first"
    );
    ask(Command::Resume).await;
    ground
        .tenant(tenant::Command::Suspend {
            reason: "unpaid".into(),
        })
        .await;
    assert!(
        code(&ground)
            .await
            .starts_with("TENANT_NOT_OPEN: the tenant is suspended")
    );
    assert!(register().await.is_err());
    ground.tenant(tenant::Command::Reactivate).await;
    assert_eq!(ground.counts(OPPORTUNITIES, &csv).await, (1, 0, 0));
    ask(Command::Remove { reason: "old".into() }).await;
    assert_eq!(code(&ground).await, "REMOVED: the connector was removed");
    assert!(!ground.events().await.join(" ").contains("connector_sync.failed"));
}

#[tokio::test]
async fn a_file_that_can_not_be_read_leaves_no_trace() {
    let ground = registered().await;
    let before = ground.events().await;
    for csv in [&b""[..], b"\xef\xbb\xbf", b"a,b\n1,2\n", b"a,a\n", b"\"a\n"] {
        assert!(
            matches!(ground.import(CALLS, csv).await, Err(SyncError::Csv(_))),
            "{csv:?}"
        );
    }
    assert_eq!(ground.events().await, before);
}

/// Reads so many bytes, then fails.
struct Breaking(Cursor<Vec<u8>>);

impl Read for Breaking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[tokio::test]
async fn a_file_that_breaks_midway_fails_its_sync_and_keeps_what_it_read() {
    let ground = registered().await;
    let rows: Vec<String> = (0..1700)
        .map(|n| format!("A{n},Ada,Loom,W,Engaging,,,"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let csv = opportunities(&rows);
    let half = csv.as_bytes()[..csv.len() / 2].to_vec();
    let broken = run(
        &ground.store,
        &ground.caller,
        import(OPPORTUNITIES, Breaking(Cursor::new(half))),
    )
    .await;
    assert!(broken.unwrap_err().to_string().contains("the disk is gone"));
    let failed = ground.payloads("connector_sync.failed").await;
    assert_eq!(failed.len(), 1);
    let report = ground.import(OPPORTUNITIES, &csv).await.unwrap();
    assert!(
        report.known > 500 && report.recorded + report.known == 1700,
        "{report:?}"
    );
    assert!(
        ground
            .events()
            .await
            .contains(&"opportunity.opened 1700".to_owned())
    );
}

#[tokio::test]
async fn a_sync_that_is_killed_is_made_up_for_by_the_next() {
    let ground = registered().await;
    let rows: Vec<String> = (0..3000)
        .map(|n| format!("2024-01-01 00:00:00.0,{n},1"))
        .collect();
    let csv = format!("TIMESTAMP,ContextTokens,GeneratedTokens\n{}\n", rows.join("\n"));
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let mut killed = import(CALLS, Cursor::new(csv.clone().into_bytes()));
    killed.options.progress = Some(Box::new(move |progress| heard.send(progress.rows).unwrap()));
    tokio::select! {
        _ = run(&ground.store, &ground.caller, killed) => panic!("it should not come to the end"),
        rows = hears.recv() => assert_eq!(rows, Some(500)),
    }
    let report = ground.import(CALLS, &csv).await.unwrap();
    assert!(report.known >= 500, "{report:?}");
    assert_eq!(report.recorded + report.known, 3000);
    assert!(
        ground
            .events()
            .await
            .contains(&"usage.tokens.input 3000".to_owned())
    );
}

#[tokio::test]
async fn a_log_that_is_full_is_waited_for() {
    let ground = registered().await;
    let mut options = Options::new(ground.database.url(), testkit::ambient(2));
    options.limits.queue = 8;
    let store = Store::open(options).await.unwrap();
    let rows: Vec<String> = (0..60).map(|n| format!("A{n},Ada,Loom,W,Engaging,,,")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let reader = Cursor::new(opportunities(&rows).into_bytes());
    let report = run(&store, &ground.caller, import(OPPORTUNITIES, reader))
        .await
        .unwrap();
    assert_eq!((report.recorded, report.rejected), (60, 0));
    let calls =
        "TIMESTAMP,ContextTokens,GeneratedTokens\n".to_owned() + &"2024-01-01 00:00:00.0,1,1\n".repeat(60);
    let report = run(&store, &ground.caller, import(CALLS, Cursor::new(calls)))
        .await
        .unwrap();
    assert_eq!((report.recorded, report.known), (60, 0));
}

#[tokio::test]
async fn a_sync_can_be_sent_to_another_thread() {
    let ground = ground().await;
    let (store, caller) = (ground.store.clone(), ground.caller.clone());
    let sync = async move {
        ensure_connector(&store, &caller, &connector(), "CRM", "csv_file").await?;
        run(
            &store,
            &caller,
            import(CALLS, Cursor::new("TIMESTAMP,ContextTokens,GeneratedTokens\n")),
        )
        .await
    };
    assert!(tokio::spawn(sync).await.unwrap().unwrap().unchanged);
}

/// As the gateway's port asks for it.
#[expect(dead_code, reason = "that it compiles is the test")]
fn boxed<'a>(store: &'a Store, caller: &'a domain::Caller) -> BoxFuture<'a, Result<SyncReport, SyncError>> {
    Box::pin(async move {
        ensure_connector(store, caller, &connector(), "CRM", "csv_file").await?;
        run(store, caller, import(CALLS, io::empty())).await
    })
}
