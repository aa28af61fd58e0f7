//! The engine on a real PostgreSQL: what it does when a fold, the data or the database fails.

mod crashes;
mod house;
mod operations;
mod poison;
mod status;
mod switching;

use house::house;

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_folded_parks_its_stream_and_no_other() {
    for poison in ["hell", "limbo", "nowhere"] {
        let house = house().await;
        for number in 0..5 {
            house.capture(&format!("l{number}"), "web").await;
        }
        let bad = house.capture("bad", poison).await;
        house.enrich("bad").await;
        let last = house.capture("after", "web").await;
        let projector = house.project();
        projector.wait_for(last).await.unwrap();
        let waiting = house.enrich("bad").await;
        projector.wait_for(waiting).await.unwrap();
        projector.stop().await;
        assert_eq!(house.count("lead").await, 7, "{poison}");
        assert_eq!(house.count("audit_feed").await, 10, "{poison}");
        assert_eq!(house.checkpoint("sources").await, waiting, "{poison}");
        assert_eq!(house.count("sources").await, 6, "{poison}");
        let parked = house.operations().parked().await.unwrap();
        assert_eq!(parked.len(), 1, "{poison}: {parked:?}");
        assert_eq!(
            (
                parked[0].name.as_str(),
                parked[0].stream.id.as_str(),
                parked[0].position
            ),
            ("sources", "bad", bad),
        );
        assert_eq!(parked[0].events, 3, "{poison}");
        let stale: Vec<Vec<String>> = sqlx::query_scalar("select key from read_model_stale")
            .fetch_all(&house.owner)
            .await
            .unwrap();
        assert_eq!(
            stale,
            [[house.caller.tenant.to_string(), "bad".to_owned()]],
            "{poison}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_postgresql_cannot_hold_stop_nobody() {
    let house = house().await;
    let last = house.capture("l1", "we\0b").await;
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    projector.stop().await;
    let source: String = sqlx::query_scalar("select source from sources")
        .fetch_one(&house.owner)
        .await
        .unwrap();
    assert_eq!(source, "we\u{fffd}b");
    assert_eq!(house.checkpoint("audit_feed").await, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_goes_on_when_its_connections_are_cut() {
    let house = house().await;
    let projector = house.project();
    let mut last = 0;
    for number in 0..20 {
        last = house.capture(&format!("l{number}"), "web").await;
        let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                   where pid <> pg_backend_pid() and datname = current_database() \
                   and query ilike any (array['%read_model_checkpoints%', 'insert into%sources%'])";
        sqlx::query_scalar::<_, i64>(cut)
            .fetch_one(&house.owner)
            .await
            .unwrap();
    }
    projector.wait_for(last).await.unwrap();
    assert_eq!(house.count("sources").await, 20);
    assert_eq!(house.count("audit_feed").await, 21);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_read_model_fills_itself_while_the_others_go_on() {
    let house = house().await;
    let last = house.capture("l1", "web").await;
    let first = house.project();
    first.wait_for(last).await.unwrap();
    first.stop().await;
    sqlx::raw_sql(
        "delete from read_model_checkpoints where name = 'sources'; \
         delete from read_model_builds where name = 'sources'; truncate sources",
    )
    .execute(&house.owner)
    .await
    .unwrap();
    let last = house.capture("l2", "web").await;
    let again = house.project();
    again.wait_for(last).await.unwrap();
    again.stop().await;
    assert_eq!((house.count("sources").await, house.count("lead").await), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_a_newer_program_stays_as_it_is() {
    let house = house().await;
    let last = house.capture("l1", "web").await;
    let newer = "insert into read_model_builds (name, build, state) values ('sources', 1, 'live'); \
                 insert into read_model_checkpoints (name, version, position) values ('sources', 9, 0)";
    sqlx::raw_sql(newer).execute(&house.owner).await.unwrap();
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    projector.stop().await;
    assert_eq!((house.count("sources").await, house.count("lead").await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_model_fits_its_table() {
    let database = testkit::database().await;
    let mut connection = database.pool().await.acquire().await.unwrap();
    let mut names = Vec::new();
    for model in crate::all() {
        let table = super::Table::describe(&mut connection, model.name(), model.key())
            .await
            .unwrap();
        let table = table.unwrap_or_else(|| panic!("{} has no table", model.name()));
        assert!(
            table.columns.iter().any(|column| column.name == "position"),
            "{}",
            model.name()
        );
        let protected: bool = sqlx::query_scalar("select relrowsecurity from pg_class where relname = $1")
            .bind(model.name())
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert!(protected, "{}", model.name());
        names.push(model.name());
    }
    assert!(names.is_sorted(), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_at_its_events_position() {
    let house = house().await;
    let mut last = 0;
    for number in 0..5 {
        last = house.capture(&format!("l{number}"), "web").await;
    }
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    projector.stop().await;
    let positions: Vec<i64> = sqlx::query_scalar("select position from audit_feed order by position")
        .fetch_all(&house.owner)
        .await
        .unwrap();
    assert_eq!(positions, [1, 2, 3, 4, 5, 6]);
}
