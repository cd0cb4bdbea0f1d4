//! A Backlog space as its documentation describes it: projects, types, priorities, users, issues and comments, form-encoded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kagimori_notice::{Cause, Outcome};
use serde_json::{Value, json};

use crate::place::{Place, id, send, why};
use crate::server::{Reply, Seen, Server, text};

/// What stands in the space, and what goes wrong.
#[derive(Default)]
struct Space {
    issues: Vec<Value>,
    comments: BTreeMap<String, Vec<String>>,
    /// The search does not find new issues yet.
    search_is_behind: bool,
    /// The answer to what was written is lost.
    loses_answers: bool,
}

fn fields(form: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

fn refused(status: u16, code: i64, message: &str) -> Reply {
    text(status, &json!({ "errors": [{ "message": message, "code": code, "moreInfo": "" }] }).to_string())
}

impl Space {
    fn answer(&mut self, seen: &Seen) -> Reply {
        let (path, query) = seen.target.split_once('?').unwrap();
        let query = fields(query);
        if query.get("apiKey").map(String::as_str) != Some("a key+of/mika") {
            return refused(401, 11, "Authentication failure.");
        }
        let path = path.strip_prefix("/api/v2/").unwrap();
        match (seen.method.as_str(), path.split('/').collect::<Vec<_>>().as_slice()) {
            ("GET", ["projects", "SEC"]) => {
                made(200, &json!({ "id": 9, "projectKey": "SEC", "textFormattingRule": "markdown" }))
            }
            ("GET", ["projects", "SEC", "issueTypes"]) => {
                made(200, &json!([{ "id": 1, "name": "タスク" }, { "id": 2, "name": "バグ" }]))
            }
            ("GET", ["projects", "SEC", "users"]) => made(
                200,
                &json!([{ "id": 5, "userId": null, "name": "mika", "mailAddress": "mika@example.com" }]),
            ),
            ("GET", ["priorities"]) => {
                made(200, &json!([{ "id": 2, "name": "高" }, { "id": 3, "name": "中" }]))
            }
            ("GET", ["issues"]) => self.search(&query),
            ("POST", ["issues"]) => self.create(&fields(&seen.body)),
            ("GET", ["issues", key, "comments"]) => {
                let comments = self.comments.get(*key).cloned().unwrap_or_default();
                made(200, &comments.iter().rev().map(|text| json!({ "id": 1, "content": text })).collect())
            }
            ("POST", ["issues", key, "comments"])
                if self.issues.iter().any(|issue| issue["issueKey"] == **key) =>
            {
                let content = fields(&seen.body)["content"].clone();
                self.comments.entry((*key).to_owned()).or_default().push(content);
                if self.loses_answers { Reply::Silence } else { made(201, &json!({ "id": 1 })) }
            }
            ("PATCH", ["issues", key]) => {
                let fields = fields(&seen.body);
                let found = self.issues.iter_mut().find(|issue| issue["issueKey"] == **key);
                let Some(issue) = found else { return refused(404, 6, "No such resource.") };
                issue["status"]["id"] = fields["statusId"].parse::<i64>().unwrap().into();
                self.comments.entry((*key).to_owned()).or_default().push(fields["comment"].clone());
                if self.loses_answers { Reply::Silence } else { made(200, &json!({ "issueKey": key })) }
            }
            _ => refused(404, 6, "No such resource."),
        }
    }

    fn search(&self, query: &BTreeMap<String, String>) -> Reply {
        assert_eq!(query["projectId[]"], "9");
        let found: Vec<Value> = self
            .issues
            .iter()
            .rev()
            .filter(|issue| match query.get("keyword") {
                Some(keyword) => {
                    !self.search_is_behind && issue["description"].as_str().unwrap().contains(keyword)
                }
                None => true,
            })
            .take(query["count"].parse().unwrap())
            .cloned()
            .collect();
        made(200, &found.into())
    }

    fn create(&mut self, fields: &BTreeMap<String, String>) -> Reply {
        for (name, value) in [("projectId", "9"), ("issueTypeId", "1"), ("priorityId", "3")] {
            if fields.get(name).map(String::as_str) != Some(value) {
                return refused(400, 7, &format!("No {name}."));
            }
        }
        assert!(!fields["summary"].contains('\n') && fields["summary"].chars().count() <= 255);
        let key = format!("SEC-{}", self.issues.len() + 1);
        let (summary, description) = (&fields["summary"], &fields["description"]);
        let issue = json!({
            "id": 1, "issueKey": key, "summary": summary, "description": description, "status": { "id": 1, "name": "未対応" },
            "told": fields.get("notifiedUserId[]"),
        });
        self.issues.push(issue.clone());
        if self.loses_answers { Reply::Silence } else { made(201, &issue) }
    }
}

fn made(status: u16, value: &Value) -> Reply {
    text(status, &value.to_string())
}

fn space() -> (Place, Arc<Mutex<Space>>, Server, String) {
    let space = Arc::new(Mutex::new(Space::default()));
    let inner = Arc::clone(&space);
    let server = Server::start(move |seen, _| inner.lock().unwrap().answer(seen));
    let place = Place::new();
    place.secret("key", "a key+of/mika");
    let channel = format!(
        "kind = 'backlog'\naddress = 'http://{}'\nkey = 'file:key'\nproject = 'SEC'\ntell = 'mika@example.com'",
        server.authority
    );
    (place, space, server, channel)
}

#[test]
fn a_subject_is_an_issue_and_what_follows_its_comments() {
    let (place, space, _server, channel) = space();
    let notifier = place.notifier(&channel);
    assert_eq!(send(&notifier, "AKIAIOSFODNN7EXAMPLE", false), Outcome::Taken(Some("SEC-1".to_owned())));
    {
        let space = space.lock().unwrap();
        assert_eq!(space.issues[0]["summary"], "[Kagimori] AKIAIOSFODNN7EXAMPLE is switched off");
        assert_eq!(space.issues[0]["told"], "5");
        assert!(space.issues[0]["description"].as_str().unwrap().contains(id().as_str()));
    }
    assert_eq!(send(&notifier, "another", false), Outcome::Taken(Some("SEC-2".to_owned())));
    // The next letter of the first subject has another id.
    let other = kagimori_notice::letter_id(&[3; 32], 8, "sre");
    let notice = crate::place::notice("AKIAIOSFODNN7EXAMPLE");
    let send_other = |is_again| {
        let dispatch =
            kagimori_notify::Dispatch { id: other.clone(), notice: &notice, written: None, is_again };
        notifier.send("sre", &dispatch, std::time::Duration::from_secs(2), crate::place::now())
    };
    assert_eq!(send_other(false), Outcome::Taken(Some("SEC-1".to_owned())));
    assert_eq!(send_other(true), Outcome::Taken(Some("SEC-1".to_owned())), "it is there already");
    let mut held = space.lock().unwrap();
    assert_eq!((held.issues.len(), held.comments["SEC-1"].len()), (2, 1));
    assert!(held.comments["SEC-1"][0].contains(other.as_str()));
    // Who closed the issue is done with it: what comes then is another.
    held.issues[0]["status"]["id"] = 4.into();
    drop(held);
    let third = kagimori_notice::letter_id(&[3; 32], 9, "sre");
    let dispatch = kagimori_notify::Dispatch { id: third, notice: &notice, written: None, is_again: false };
    let outcome = notifier.send("sre", &dispatch, std::time::Duration::from_secs(2), crate::place::now());
    assert_eq!(outcome, Outcome::Taken(Some("SEC-3".to_owned())));
}

/// What a request of the desk ends with closes its issue, once, even when the answer is lost.
#[test]
fn the_last_letter_of_a_subject_closes_its_issue() {
    let (place, space, _server, channel) = space();
    let notifier = place.notifier(&channel);
    let tell = |number: i64, kind: &str, ends: bool, is_again: bool| {
        let mut facts = BTreeMap::from([("request", "r1".to_owned()), ("asked_for", "root code".to_owned())]);
        if ends {
            facts.insert("ends", "yes".to_owned());
        }
        let notice = kagimori_notice::Notice::read(&kagimori_notice::Notice::body(kind, &facts));
        let id = kagimori_notice::letter_id(&[3; 32], number, "sre");
        let dispatch = kagimori_notify::Dispatch { id, notice: &notice, written: None, is_again };
        notifier.send("sre", &dispatch, std::time::Duration::from_secs(2), crate::place::now())
    };
    let taken = || Outcome::Taken(Some("SEC-1".to_owned()));
    assert_eq!(tell(1, "desk.submitted", false, false), taken());
    assert_eq!(tell(2, "desk.approved", false, false), taken());
    assert_eq!(space.lock().unwrap().issues[0]["status"]["id"], 1);
    space.lock().unwrap().loses_answers = true;
    assert_eq!(why(tell(3, "desk.over", true, false)).1, Cause::Unknown);
    space.lock().unwrap().loses_answers = false;
    assert_eq!(tell(3, "desk.over", true, true), taken());
    let space = space.lock().unwrap();
    assert_eq!((space.issues.len(), space.comments["SEC-1"].len()), (1, 2));
    assert_eq!(space.issues[0]["status"]["id"], 4);
    assert!(!space.comments["SEC-1"][1].contains("ends"), "{}", space.comments["SEC-1"][1]);
}

/// The answer is lost, the letter is sent again: there is one issue, and one comment, whether the search knows them yet or not.
#[test]
fn a_lost_answer_makes_no_second_one() {
    for is_behind in [false, true] {
        let (place, space, _server, channel) = space();
        {
            let mut space = space.lock().unwrap();
            space.loses_answers = true;
            space.search_is_behind = is_behind;
        }
        let notifier = place.notifier(&channel);
        assert_eq!(why(send(&notifier, "svc", false)).1, Cause::Unknown);
        space.lock().unwrap().loses_answers = false;
        assert_eq!(send(&notifier, "svc", true), Outcome::Taken(Some("SEC-1".to_owned())));
        assert_eq!(space.lock().unwrap().issues.len(), 1);
        let fixed = place.notifier(&format!("{channel}\nissue = 'SEC-1'"));
        space.lock().unwrap().loses_answers = true;
        assert_eq!(why(send(&fixed, "svc", false)).1, Cause::Unknown);
        space.lock().unwrap().loses_answers = false;
        assert_eq!(send(&fixed, "svc", true), Outcome::Taken(Some("SEC-1".to_owned())));
        assert_eq!(space.lock().unwrap().comments["SEC-1"].len(), 1);
    }
}

/// Whoever may name an owner may not draw another key's notices into an issue of his own.
#[test]
fn a_mark_in_a_name_is_no_mark() {
    let (place, space, _server, channel) = space();
    let notifier = place.notifier(&channel);
    let thread = crate::place::notice("svc").thread().unwrap();
    assert_eq!(
        send(&notifier, &format!("Kagimori · {thread}"), false),
        Outcome::Taken(Some("SEC-1".to_owned()))
    );
    assert!(space.lock().unwrap().issues[0]["description"].as_str().unwrap().contains(&thread));
    assert_eq!(send(&notifier, "svc", false), Outcome::Taken(Some("SEC-2".to_owned())));
}

/// A run that was killed may have its issue made after the next run has made one of the same subject: the letter is found in the older one,
/// as an issue or as a comment.
#[test]
fn two_issues_of_a_subject_are_both_looked_at() {
    for as_comment in [false, true] {
        let (place, space, _server, channel) = space();
        let notifier = place.notifier(&channel);
        assert_eq!(send(&notifier, "svc", false), Outcome::Taken(Some("SEC-1".to_owned())));
        {
            let mut space = space.lock().unwrap();
            let mut newer = space.issues[0].clone();
            let description = newer["description"].as_str().unwrap().replace(id().as_str(), "kgm_another");
            newer["issueKey"] = "SEC-2".into();
            newer["description"] = description.clone().into();
            space.issues.push(newer);
            if as_comment {
                space.issues[0]["description"] = description.into();
                space.comments.insert("SEC-1".to_owned(), vec![format!("Kagimori · {}", id())]);
            }
        }
        assert_eq!(send(&notifier, "svc", true), Outcome::Taken(Some("SEC-1".to_owned())), "{as_comment}");
        let space = space.lock().unwrap();
        assert!(!space.comments.contains_key("SEC-2") && space.issues.len() == 2);
    }
}

#[test]
fn what_the_space_has_not_is_told() {
    let (place, space, _server, channel) = space();
    let told = |channel: &str| why(send(&place.notifier(channel), "svc", false)).0;
    assert_eq!(
        told(&format!("{channel}\nissue_type = 'Story'")),
        "the project has no `Story` for `issue_type`; it has `タスク`, `バグ`"
    );
    assert_eq!(told(&channel.replace("'SEC'", "'OPS'")), "Backlog says `No such resource.` (code 6)");
    assert_eq!(told(&format!("{channel}\nissue = 'SEC-99'")), "Backlog says `No such resource.` (code 6)");
    assert_eq!(
        told(&channel.replace("mika@example.com", "ken")),
        "the project has no `ken` for `tell`; it has `mika`"
    );
    place.secret("key", "another");
    assert_eq!(told(&channel), "Backlog says `Authentication failure.` (code 11)");
    assert!(space.lock().unwrap().issues.is_empty());
}

#[test]
fn when_the_window_is_full_backlog_says_when_it_begins_again() {
    let place = Place::new();
    place.secret("key", "k");
    let at = crate::place::now().as_second() + 40;
    let server = Server::start(move |_, _| {
        Reply::Answer(429, vec![("x-ratelimit-reset", at.to_string())], String::new())
    });
    let channel = format!(
        "kind = 'backlog'\naddress = 'http://{}'\nkey = 'file:key'\nproject = 'SEC'",
        server.authority
    );
    let told = why(send(&place.notifier(&channel), "svc", false));
    assert_eq!(told, ("Backlog asks to wait (HTTP 429)".to_owned(), Cause::Busy(Some(40))));
}
