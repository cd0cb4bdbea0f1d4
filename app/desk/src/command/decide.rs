//! Asking and deciding from a command line, against a desk that runs. Whether it may be, the desk's rules say; here are words alone.

use std::io::{self, BufRead as _, IsTerminal as _};

use kagimori_custody::{Ask, RequestId, Statement};
use kagimori_id::hex;
use kagimori_terminal::printer;
use kagimori_terminal::tame::tame_line;
use serde_json::{Value, json};

use super::client::{Answered, Client};
use super::{Exit, told};
use crate::args::{ApproveArgs, ClientArgs, Format, OneArgs, RequestArgs, StatusArgs, StopArgs};
use crate::language::Language;
use crate::random;
use crate::show;

type Ended = Result<Exit, (String, String)>;

/// Asks for something.
pub(crate) fn request(args: &RequestArgs) -> Ended {
    let client = Client::read(&args.client.client)?;
    let mode = if args.phone { "phone" } else { "direct" };
    let mut body = serde_json::Map::new();
    body.insert("by".to_owned(), json!(client.person));
    body.insert("mode".to_owned(), json!(mode));
    body.insert("reason".to_owned(), json!(args.reason));
    body.insert("minutes".to_owned(), json!(args.minutes));
    for (name, value) in [("account", &args.account), ("drill", &args.drill), ("ticket", &args.ticket)] {
        if let Some(value) = value {
            body.insert(name.to_owned(), json!(value));
        }
    }
    let key = random::bytes::<16>().map_err(|error| told(error, "look at the machine"))?;
    let answered = client.post("/v1/requests", &Value::Object(body), Some(&hex(&key)))?;
    answer(&args.client, &client, &answered)
}

/// How one stands, or all of them.
pub(crate) fn status(args: &StatusArgs) -> Ended {
    let client = Client::read(&args.client.client)?;
    let path = match (&args.request, &args.state) {
        (Some(request), _) => format!("/v1/requests/{}", name(request)?),
        (None, Some(state)) if state.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
            format!("/v1/requests?state={state}")
        }
        (None, Some(_)) => {
            return Err(told(
                "there is no such state",
                "`pending`, `approved`, `armed`, `closed`, `reviewed` … see docs/desk.md",
            ));
        }
        (None, None) => "/v1/requests".to_owned(),
    };
    let answered = client.get(&path)?;
    answer(&args.client, &client, &answered)
}

/// Says no, or stops.
pub(crate) fn stop(what: &str, args: &StopArgs) -> Ended {
    let client = Client::read(&args.client.client)?;
    let path = format!("/v1/requests/{}/{what}", name(&args.request)?);
    let answered = client.post(&path, &json!({ "reason": args.reason }), None)?;
    answer(&args.client, &client, &answered)
}

/// Takes one's own back.
pub(crate) fn cancel(args: &OneArgs) -> Ended {
    let client = Client::read(&args.client.client)?;
    let answered = client.post(&format!("/v1/requests/{}/cancel", name(&args.request)?), &json!({}), None)?;
    answer(&args.client, &client, &answered)
}

/// Approves: shows what is signed, whose digest is worked out here and not believed, and signs that.
pub(crate) fn approve(args: &ApproveArgs) -> Ended {
    let (client, l) = (Client::read(&args.client.client)?, args.client.answer.language());
    let id = name(&args.request)?;
    let found = client.get(&format!("/v1/requests/{id}"))?;
    if found.status != 200 {
        return answer(&args.client, &client, &found);
    }
    let ask: Ask = serde_json::from_value(member(&found.body, "ask").clone()).map_err(|error| {
        told(
            format!("what the desk shows is no request: {error}"),
            "use the program of the desk's own version",
        )
    })?;
    if ask.id != id {
        return Err(told(
            "the desk shows another request than was asked for",
            "do not approve it, and tell whoever runs the desk",
        ));
    }
    let digest = ask.digest();
    printer::note(&tame_line(&show::matter(l, &ask.matter)));
    printer::note(&tame_line(&l.of(
        format!("asked by {} at {}: {}", ask.by, ask.at, ask.reason),
        format!("申請: {}（{}） 理由: {}", ask.by, ask.at, ask.reason),
    )));
    printer::note(&l.of(
        format!("window {}, codes at most {}, rule {}", ask.window, ask.codes, ask.rule),
        format!("有効時間 {}、コード上限 {}、規則 {}", ask.window, ask.codes, ask.rule),
    ));
    printer::note(&format!("{}: {digest}", l.of("digest", "ダイジェスト")));
    must_be_meant(l, args, &digest.to_string())?;
    let proof = client.proof(&Statement::Approve { digest });
    let answered = client.post(&format!("/v1/requests/{id}/approve"), &json!({ "proof": proof }), None)?;
    if member(&answered.body, "type") == "urn:kagimori:no_share" {
        printer::note(l.of(
            "The share of this seed opens with your passkey alone: approve it on its page.",
            "このシードの断片はパスキーでしか開けません。画面で承認してください。",
        ));
        printed(&format!("{}/requests/{id}\n", client.desk))?;
        return Ok(Exit::Untold);
    }
    answer(&args.client, &client, &answered)
}

/// Somebody has read it: they type its first eight digits, or gave the digest.
fn must_be_meant(l: Language, args: &ApproveArgs, digest: &str) -> Result<(), (String, String)> {
    let first = digest.get(..8).unwrap_or(digest);
    let other = || {
        told(
            l.of("that is not what you would sign", "署名の対象と一致しません"),
            l.of("read what is shown; nothing was signed", "表示内容を確認してください。署名はしていません"),
        )
    };
    if let Some(given) = &args.digest {
        return if given == digest { Ok(()) } else { Err(other()) };
    }
    if !io::stdin().is_terminal() {
        return Err(told(
            l.of("nobody is there to read it", "確認する人がいません"),
            l.of(
                "give the digest that you have read with `--digest`",
                "確認したダイジェストを `--digest` で指定してください",
            ),
        ));
    }
    printer::note(&l.of(
        format!("To sign this, type the first eight digits of the digest ({first}):"),
        format!("署名するには、ダイジェストの先頭 8 桁（{first}）を入力してください:"),
    ));
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).map_err(|error| told(error, "type it again"))?;
    if typed.trim() == first { Ok(()) } else { Err(other()) }
}

/// What needs a page: a claim (its key seals the code), a release (the PIN), a review (what is shown is signed).
pub(crate) fn page(place: &str, args: &OneArgs) -> Ended {
    let (client, l) = (Client::read(&args.client.client)?, args.client.answer.language());
    printer::note(
        l.of("This is done on its page, with your passkey:", "次の画面で、パスキーを使って行います:"),
    );
    printed(&format!("{}/{place}/{}\n", client.desk, name(&args.request)?))?;
    Ok(Exit::Clean)
}

/// The seeds.
pub(crate) fn custody(args: &ClientArgs) -> Ended {
    let (client, l) = (Client::read(&args.client)?, args.answer.language());
    let answered = client.get("/v1/custody")?;
    listed(args, &answered, "seeds", |seed| {
        let held = if member(seed, "is_held") == &Value::Bool(true) {
            l.of("held", "保管中")
        } else {
            l.of("not held", "未保管")
        };
        let rotate = if member(seed, "must_rotate") == &Value::Bool(true) {
            l.of("  TO BE REPLACED", "  要交換")
        } else {
            ""
        };
        let practice = if member(seed, "practice") == &Value::Bool(true) {
            l.of("practice", "訓練用")
        } else {
            word(member(seed, "account_name"))
        };
        format!("{}  {practice}  {}  {held}{rotate}", word(member(seed, "id")), word(member(seed, "tier")))
    })
}

/// The people.
pub(crate) fn people(args: &ClientArgs) -> Ended {
    let client = Client::read(&args.client)?;
    let answered = client.get("/v1/people")?;
    listed(args, &answered, "people", |person| {
        let names = |of: &str, each: fn(&Value) -> &str| {
            let all = member(person, of).as_array().map(Vec::as_slice).unwrap_or_default();
            all.iter().map(each).collect::<Vec<_>>().join(", ")
        };
        let (groups, keys) = (names("groups", word), names("keys", |key| word(member(key, "name"))));
        format!("{}  {}  [{groups}]  {keys}", word(member(person, "id")), word(member(person, "name")))
    })
}

/// A member of an answer; what is not there is nothing.
fn member<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

fn name(text: &str) -> Result<RequestId, (String, String)> {
    RequestId::parse(text)
        .map_err(|error| told(error, "see `kagimori-desk status` for the names of requests"))
}

fn printed(text: &str) -> Result<(), (String, String)> {
    printer::data(text).map_err(|error| told(error, "look at where it is printed to"))
}

/// What the desk refused, in its words.
fn refused(answered: &Answered) -> Option<(String, String)> {
    let is_done = matches!(answered.status, 200 | 201);
    let of = |name: &str| tame_line(word(member(&answered.body, name)));
    (!is_done).then(|| (of("title"), of("detail")))
}

fn listed(args: &ClientArgs, answered: &Answered, what: &str, line: impl Fn(&Value) -> String) -> Ended {
    if let Some(refusal) = refused(answered) {
        return Err(refusal);
    }
    let text = match args.answer.format {
        Format::Json => answered.body.to_string() + "\n",
        Format::Human => {
            let all = member(&answered.body, what).as_array().map(Vec::as_slice).unwrap_or_default();
            all.iter().map(|one| tame_line(&line(one)) + "\n").collect()
        }
    };
    printed(&text)?;
    Ok(Exit::Clean)
}

fn answer(args: &ClientArgs, client: &Client, answered: &Answered) -> Ended {
    if let Some(refusal) = refused(answered) {
        return Err(refusal);
    }
    let l = args.answer.language();
    let text = match (args.answer.format, member(&answered.body, "requests").as_array()) {
        (Format::Json, _) => answered.body.to_string() + "\n",
        (Format::Human, Some(all)) => all.iter().map(|one| line(l, one)).collect(),
        (Format::Human, None) => {
            format!(
                "{}{}/requests/{}\n",
                line(l, &answered.body),
                client.desk,
                word(member(&answered.body, "id"))
            )
        }
    };
    printed(&text)?;
    Ok(Exit::Clean)
}

/// A request in a line.
fn line(l: Language, request: &Value) -> String {
    let ask: Option<Ask> = serde_json::from_value(member(request, "ask").clone()).ok();
    let matter = ask.as_ref().map(|ask| show::matter(l, &ask.matter)).unwrap_or_default();
    let (id, by) =
        (word(member(request, "id")), ask.as_ref().map(|ask| ask.by.to_string()).unwrap_or_default());
    tame_line(&format!("{id}  {}  {matter}  {by}", show::state(l, word(member(request, "state"))).1)) + "\n"
}
