//! Backlog: an issue for each subject, and comments on it. What was written before is looked for first, so that neither a lost answer nor a
//! killed run makes a second one (developer.nulab.com, "Add Issue", "Get Issue List", "Add Comment").

use kagimori_notice::{Answer, Backlog, Cause, IssueText, Outcome, Way, is_marked, judge, tamed};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Unsent;
use crate::http::{Http, Request};

/// The status of an issue that is done with, in every project ("Status": 4 is Closed).
const CLOSED: i64 = 4;
/// Issues of one subject whose comments are looked through.
const ISSUES_MOST: usize = 5;
/// The longest summary.
const SUMMARY_MOST: usize = 255;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    issue_key: String,
    #[serde(default)]
    description: Option<String>,
    status: Named,
}

/// A project's type, priority, status: a number, and names.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    id: i64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    mail_address: Option<String>,
}

#[derive(Deserialize)]
struct Comment {
    #[serde(default)]
    content: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    issue_key: String,
}

#[derive(Deserialize)]
struct Project {
    id: i64,
}

struct Space<'a> {
    settings: &'a Backlog,
    way: &'a Way,
    key: &'a SecretString,
    http: &'a Http,
}

type Fields = Vec<(String, String)>;

pub(crate) fn send(
    settings: &Backlog,
    way: &Way,
    text: &IssueText,
    key: &SecretString,
    http: &Http,
    is_again: bool,
) -> Result<Outcome, Unsent> {
    let space = Space { settings, way, key, http };
    if let Some(issue) = &settings.issue {
        if is_again && space.says(issue, &text.mark)? {
            return Ok(Outcome::Taken(Some(issue.clone())));
        }
        return space.comment(issue, text);
    }
    let project: Project = space.get(&format!("projects/{}", settings.project), &Vec::new())?;
    let ours = space.ours(project.id, text, is_again)?;
    if let Some(issue) = space.there(&ours, text, is_again)? {
        return Ok(Outcome::Taken(Some(issue)));
    }
    match ours.iter().find(|issue| issue.status.id != CLOSED) {
        Some(issue) if text.closes => space.close(&issue.issue_key, text),
        Some(issue) => space.comment(&issue.issue_key, text),
        None => space.make(project.id, text),
    }
}

impl Issue {
    fn says(&self, mark: &str) -> bool {
        self.description.as_deref().is_some_and(|text| is_marked(text, mark))
    }
}

impl Space<'_> {
    /// The issues of the subject, or of the letter, the newest first. A search may be a little behind, so the newest issues are looked
    /// through, too.
    fn ours(&self, project: i64, text: &IssueText, is_again: bool) -> Result<Vec<Issue>, Unsent> {
        let mark = match (&text.thread, is_again) {
            (Some(thread), _) => thread,
            (None, true) => &text.mark,
            (None, false) => return Ok(Vec::new()),
        };
        let mut closed = Vec::new();
        for keyword in [Some(mark), None] {
            let mut fields = vec![("projectId[]".to_owned(), project.to_string())];
            fields.extend(keyword.map(|keyword| ("keyword".to_owned(), keyword.clone())));
            for (name, value) in [("sort", "created"), ("order", "desc"), ("count", "100")] {
                fields.push((name.to_owned(), value.to_owned()));
            }
            let issues: Vec<Issue> = self.get("issues", &fields)?;
            let ours: Vec<Issue> = issues.into_iter().filter(|issue| issue.says(mark)).collect();
            if ours.iter().any(|issue| issue.status.id != CLOSED || issue.says(&text.mark)) {
                return Ok(ours);
            }
            closed.extend(ours);
        }
        // A letter that is sent again may have closed its issue.
        Ok(closed)
    }

    /// Where the letter is already. Two runs, one of them killed, may have made two issues of one subject: each is looked at.
    fn there(&self, ours: &[Issue], text: &IssueText, is_again: bool) -> Result<Option<String>, Unsent> {
        if let Some(issue) = ours.iter().find(|issue| issue.says(&text.mark)) {
            return Ok(Some(issue.issue_key.clone()));
        }
        for issue in ours.iter().take(ISSUES_MOST).filter(|_| is_again) {
            if self.says(&issue.issue_key, &text.mark)? {
                return Ok(Some(issue.issue_key.clone()));
            }
        }
        Ok(None)
    }

    /// Whether a comment of an issue has a mark.
    fn says(&self, issue: &str, mark: &str) -> Result<bool, Unsent> {
        let fields =
            [("order", "desc"), ("count", "100")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let comments: Vec<Comment> = self.get(&format!("issues/{issue}/comments"), &fields.to_vec())?;
        let has =
            |comment: &Comment| comment.content.as_deref().is_some_and(|content| is_marked(content, mark));
        Ok(comments.iter().any(has))
    }

    fn comment(&self, issue: &str, text: &IssueText) -> Result<Outcome, Unsent> {
        let mut fields = vec![("content".to_owned(), text.comment.clone())];
        fields.extend(self.told()?);
        let answer = self.post(&format!("issues/{issue}/comments"), &fields)?;
        Ok(self.judged(&answer, issue))
    }

    /// The last comment, and the issue is done with: both in one call, so that neither comes alone ("Update Issue").
    fn close(&self, issue: &str, text: &IssueText) -> Result<Outcome, Unsent> {
        let mut fields =
            vec![("statusId".to_owned(), CLOSED.to_string()), ("comment".to_owned(), text.comment.clone())];
        fields.extend(self.told()?);
        let body = form(&fields);
        let url = self.url(&format!("issues/{issue}"), &Vec::new());
        let answer = self.http.call(&Request::change(&url, &body))?;
        Ok(self.judged(&answer, issue))
    }

    fn make(&self, project: i64, text: &IssueText) -> Result<Outcome, Unsent> {
        let settings = self.settings;
        let types: Vec<Named> =
            self.get(&format!("projects/{}/issueTypes", settings.project), &Vec::new())?;
        let priorities: Vec<Named> = self.get("priorities", &Vec::new())?;
        let mut fields: Fields = vec![
            ("projectId".to_owned(), project.to_string()),
            ("summary".to_owned(), tamed(&text.summary, SUMMARY_MOST)),
            ("description".to_owned(), text.description.clone()),
            ("issueTypeId".to_owned(), number("issue_type", &settings.issue_type, &types)?),
            ("priorityId".to_owned(), number("priority", &settings.priority, &priorities)?),
        ];
        fields.extend(self.told()?);
        let answer = self.post("issues", &fields)?;
        let made: Option<Made> = serde_json::from_str(&answer.body).ok();
        let key = made.map(|made| tamed(&made.issue_key, usize::MAX)).unwrap_or_default();
        Ok(self.judged(&answer, &key))
    }

    /// Those whom Backlog tells.
    fn told(&self) -> Result<Fields, Unsent> {
        if self.settings.tell.is_empty() {
            return Ok(Vec::new());
        }
        let people: Vec<Named> =
            self.get(&format!("projects/{}/users", self.settings.project), &Vec::new())?;
        let ids = self.settings.tell.iter().map(|name| number("tell", name, &people));
        ids.map(|id| Ok(("notifiedUserId[]".to_owned(), id?))).collect()
    }

    fn judged(&self, answer: &Answer, receipt: &str) -> Outcome {
        match judge::judge(self.way, answer) {
            Outcome::Taken(_) => Outcome::Taken((!receipt.is_empty()).then(|| receipt.to_owned())),
            failed @ Outcome::Failed { .. } => failed,
        }
    }

    fn get<T: DeserializeOwned>(&self, path: &str, fields: &Fields) -> Result<T, Unsent> {
        let url = self.url(path, fields);
        // Nothing was written yet.
        let sure = |unsent: Unsent| match unsent.cause {
            Cause::Unknown => Unsent { cause: Cause::Busy(None), ..unsent },
            _ => unsent,
        };
        let answer = self.http.call(&Request::get(&url)).map_err(sure)?;
        match judge::judge(self.way, &answer) {
            Outcome::Taken(_) => serde_json::from_str(&answer.body)
                .map_err(|_| Unsent::channel("what answered is not Backlog: a proxy, or another address")),
            Outcome::Failed { why, cause } => Err(sure(Unsent { why, cause })),
        }
    }

    fn post(&self, path: &str, fields: &Fields) -> Result<Answer, Unsent> {
        let body = form(fields);
        self.http.call(&Request::form(&self.url(path, &Vec::new()), &body))
    }

    /// The key is a parameter of the address: Backlog knows no header for it.
    fn url(&self, path: &str, fields: &Fields) -> SecretString {
        let mut query = vec![("apiKey".to_owned(), self.key.expose_secret().to_owned())];
        query.extend_from_slice(fields);
        SecretString::from(format!("{}/api/v2/{path}?{}", self.settings.address, form(&query)))
    }
}

fn form(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The number of what has a name: its own, or what Backlog calls it in its other language.
fn number(what: &str, name: &str, among: &[Named]) -> Result<String, Unsent> {
    if name.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(name.to_owned());
    }
    let is =
        |text: &str| text.eq_ignore_ascii_case(name) || in_japanese(name).is_some_and(|other| other == text);
    let found = among.iter().find(|named| {
        is(&named.name)
            || named.user_id.as_deref().is_some_and(is)
            || named.mail_address.as_deref().is_some_and(is)
    });
    match found {
        Some(named) => Ok(named.id.to_string()),
        None => {
            let names: Vec<_> =
                among.iter().take(5).map(|named| format!("`{}`", tamed(&named.name, usize::MAX))).collect();
            let why =
                format!("the project has no `{}` for `{what}`; it has {}", tamed(name, 40), names.join(", "));
            Err(Unsent::channel(why))
        }
    }
}

/// What a new Japanese project calls these.
fn in_japanese(name: &str) -> Option<&'static str> {
    [
        ("task", "タスク"),
        ("request", "要望"),
        ("other", "その他"),
        ("bug", "バグ"),
        ("high", "高"),
        ("normal", "中"),
        ("low", "低"),
    ]
    .into_iter()
    .find_map(|(english, japanese)| name.eq_ignore_ascii_case(english).then_some(japanese))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_numbers() {
        let named = |id: i64, name: &str, mail: Option<&str>| Named {
            id,
            name: name.to_owned(),
            user_id: None,
            mail_address: mail.map(str::to_owned),
        };
        let some =
            [named(2, "高", None), named(3, "中", None), named(9, "Mika Sato", Some("mika@example.com"))];
        for (name, expected) in [
            ("Normal", Ok("3")),
            ("high", Ok("2")),
            ("中", Ok("3")),
            ("42", Ok("42")),
            ("mika sato", Ok("9")),
            ("mika@example.com", Ok("9")),
            ("ken", Err("the project has no `ken` for `priority`; it has `高`, `中`, `Mika Sato`")),
        ] {
            let found = number("priority", name, &some).map_err(|unsent| unsent.why);
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{name}");
        }
    }
}
