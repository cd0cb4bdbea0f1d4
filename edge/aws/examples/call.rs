//! One call after the other, JSON in and out: `scripts/check-aws-client` compares what comes out with what the AWS CLI prints.
//!
//! Each line of stdin is `{"service": …, "operation": …, "input": …}`; each line of stdout is `{"value": …}` or `{"error": …}`.
//! `--operations` prints every row of the tables, `--addresses REGION` where each service is called.

use std::io::{BufRead, Write};

use kagimori_aws::{Access, Caller, operations};
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--operations") {
        for (service, operation) in operations() {
            writeln!(out, "{service} {operation}")?;
        }
        return Ok(());
    }
    let caller = Caller {
        profile: None,
        region: None,
        user_agent: "kagimori-example/0".to_owned(),
        session_name: "example".to_owned(),
        attempts: None,
    };
    let access =
        Access::find(&caller).map_err(|error| std::io::Error::other(format!("{error}; {}", error.hint)))?;
    if let [flag, region] = arguments.as_slice()
        && flag == "--addresses"
    {
        let api = access.api.in_region(region);
        for (service, address) in api.addresses() {
            writeln!(out, "{}", json!({ "service": service, "url": address.0, "region": address.1 }))?;
        }
        return Ok(());
    }
    for line in std::io::stdin().lock().lines() {
        let call: Value = serde_json::from_str(&line?)?;
        let text = |name: &str| call.get(name).and_then(Value::as_str).unwrap_or_default();
        let input = call.get("input").cloned().unwrap_or_else(|| json!({}));
        let said = match access.api.all(text("service"), text("operation"), &input) {
            Ok(reply) => {
                json!({ "value": reply.value, "pages": reply.pages, "ids": reply.request_ids.len() })
            }
            Err(error) => json!({
                "error": error.to_string(),
                "code": error.code(),
                "may_be_done": error.may_be_done(),
            }),
        };
        writeln!(out, "{said}")?;
        out.flush()?;
    }
    Ok(())
}
