//! Programs: what they file, what they see, and what they cannot do.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::browser::{Place, TOKEN};

fn filed() -> Value {
    json!({ "by": "keiko", "account": "111122223333", "mode": "direct", "reason": "INC-7", "ticket": "WF-7", "minutes": 30 })
}

#[tokio::test]
async fn a_program_files_for_a_person_once() {
    let place = Place::new();
    let program = place.stranger();
    let bearer = format!("Bearer {TOKEN}");
    let call = [("authorization", bearer.as_str()), ("idempotency-key", "wf-7")];
    let first = program.call("POST", "/v1/requests", &call, &filed()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let request: Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!((&request["state"], &request["ask"]["through"]), (&json!("pending"), &json!("workflow")));
    let size = place.desk.book().leaves.len();
    let again = program.call("POST", "/v1/requests", &call, &filed()).await;
    assert_eq!((again.status, again.location.as_str()), (StatusCode::OK, first.location.as_str()));
    let mut other = filed();
    other["reason"] = json!("something else");
    assert_eq!(program.call("POST", "/v1/requests", &call, &other).await.status, StatusCode::CONFLICT);
    assert_eq!(place.desk.book().leaves.len(), size);
    let one = program.call("GET", &first.location, &call[..1], &Value::Null).await;
    assert_eq!(one.headers["etag"], "\"1\"");
    let known = [call[0], ("if-none-match", "\"1\"")];
    assert_eq!(
        program.call("GET", &first.location, &known, &Value::Null).await.status,
        StatusCode::NOT_MODIFIED
    );
    let list = program.call("GET", "/v1/requests?state=pending", &call[..1], &Value::Null).await.body;
    assert_eq!(serde_json::from_str::<Value>(&list).unwrap()["requests"].as_array().unwrap().len(), 1);
    assert!(!list.contains("mac"), "nothing of a PIN");
}

#[tokio::test]
async fn what_a_program_cannot_do() {
    let place = Place::new();
    let program = place.stranger();
    let bearer = format!("Bearer {TOKEN}");
    let own = ("authorization", bearer.as_str());
    let key = ("idempotency-key", "k");
    for (headers, body, expected) in [
        (vec![key], filed(), StatusCode::UNAUTHORIZED),
        (vec![("authorization", "Bearer guess"), key], filed(), StatusCode::UNAUTHORIZED),
        (vec![("authorization", "Bearer "), key], filed(), StatusCode::UNAUTHORIZED),
        (vec![own], filed(), StatusCode::BAD_REQUEST),
        (vec![own, key], json!({}), StatusCode::UNPROCESSABLE_ENTITY),
        (
            vec![own, key],
            json!({ "by": "aoi", "account": "111122223333", "mode": "direct", "reason": "x", "minutes": 5 }),
            StatusCode::FORBIDDEN,
        ),
        (
            vec![own, key],
            json!({ "by": "workflow", "account": "111122223333", "mode": "direct", "reason": "x", "minutes": 5 }),
            StatusCode::FORBIDDEN,
        ),
        (
            vec![own, key],
            json!({ "by": "keiko", "account": "111122223333", "mode": "direct", "reason": "x", "minutes": 500 }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let answer = program.call("POST", "/v1/requests", &headers, &body).await;
        assert_eq!(answer.status, expected, "{body}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{body}");
    }
    // A token opens no page, and a session files nothing here.
    for page in ["/", "/requests", "/record"] {
        assert_eq!(program.call("GET", page, &[own], &Value::Null).await.location, "/sign-in", "{page}");
    }
    let person = place.of("keiko").await;
    assert_eq!(person.call("POST", "/v1/requests", &[key], &filed()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(person.call("GET", "/v1/requests", &[], &Value::Null).await.status, StatusCode::OK);
    let document = program.call("GET", "/v1/openapi.json", &[], &Value::Null).await.body;
    assert_eq!(serde_json::from_str::<Value>(&document).unwrap()["openapi"], "3.1.0");
}
