//! Databases of other versions.

use reqwest::StatusCode;
use rolebook_console::Server;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

use crate::house::House;

async fn open(house: &House) -> DatabaseConnection {
    Database::connect(format!("sqlite://{}?mode=rw", house.data.join("rolebook.db").display())).await.unwrap()
}

/// What brings a database back to the tables of the first version.
pub(crate) const TO_FIRST: [&str; 15] = [
    "DROP TABLE watch",
    "DROP TABLE webhook",
    "DROP TABLE telling",
    "DROP TABLE delivery",
    "DROP TABLE acceptance",
    "DROP TABLE provisioning",
    "DROP TABLE change_plan",
    "DROP TABLE process",
    "DROP TABLE turn",
    "DROP TABLE fact",
    "DROP TABLE sign_in_attempt",
    "DROP TABLE identity",
    "DROP TABLE vouching",
    "DROP TABLE console_setting",
    "DELETE FROM seaql_migrations WHERE version <> 'm0001_first'",
];

/// Brings the database back to the tables of the first version.
async fn to_first(house: &House) {
    let db = open(house).await;
    for statement in TO_FIRST {
        db.execute_unprepared(statement).await.unwrap();
    }
    let rows = db.query_all_raw(sea_orm::Statement::from_string(
        db.get_database_backend(),
        "SELECT version FROM seaql_migrations",
    ));
    assert_eq!(rows.await.unwrap().len(), 1);
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_version_is_brought_up_and_copied_before() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let grants = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
    house.stop().await;
    to_first(&house).await;
    house.start().await;
    let copy = house.data.join("rolebook.db.before-m0002_acceptances");
    assert!(copy.exists(), "copied before it is changed");
    let old = Database::connect(format!("sqlite://{}?mode=ro", copy.display())).await.unwrap();
    assert!(old.execute_unprepared("SELECT * FROM watch").await.is_err(), "as it was");
    // The session of before still opens; everything is there, and what is new works.
    let sue = crate::house::Person::with(&house.url, &sue.cookie).await;
    assert_eq!(sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"], grants);
    assert_eq!(
        sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await["label"],
        "connected"
    );
    assert_eq!(sue.get("/api/watches").await.json(StatusCode::OK).await["total"], 0);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_database_is_refused_and_left_alone() {
    let mut house = House::demo().await;
    house.stop().await;
    let db = open(&house).await;
    db.execute_unprepared("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)")
        .await
        .unwrap();
    db.close().await.unwrap();
    let error = Server::start(house.config(), "127.0.0.1:0".parse().unwrap()).await.err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("the database was written by a newer rolebook (it holds m9999_later, this"),
        "{error}"
    );
    assert_eq!(error.hint(), "start the newer version again, or restore the copy made before its migration");
}
