//! Pages of one answer put together as the AWS CLI prints them (botocore's `PageIterator.build_full_result`).

use serde_json::{Map, Value};

use crate::model::Pages;

/// An answer of several pages under way.
#[derive(Debug)]
pub(crate) struct Gathered<'p> {
    pages: &'p Pages,
    whole: Value,
    /// What stands on the first page alone.
    kept: Option<Value>,
    tokens: Option<Vec<Value>>,
}

/// Why the pages do not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endless {
    /// The same token came twice.
    Circle,
    /// A page says that there is more, and not where. botocore takes it for the last; but then things would be missing that nobody misses.
    Cut,
}

impl Endless {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Circle => "the pages of the answer lead in a circle",
            Self::Cut => "a page of the answer says that there is more, and not where",
        }
    }
}

impl<'p> Gathered<'p> {
    pub(crate) fn new(pages: &'p Pages) -> Self {
        Self { pages, whole: Value::Object(Map::new()), kept: None, tokens: None }
    }

    /// Takes a page; the tokens of the next one, by the names of the input, when there is one.
    pub(crate) fn take(&mut self, page: &Value) -> Result<Option<Map<String, Value>>, Endless> {
        if self.kept.is_none() {
            let mut kept = Value::Object(Map::new());
            for path in &self.pages.keep {
                set(&mut kept, path, at(page, path).cloned().unwrap_or_default());
            }
            self.kept = Some(kept);
        }
        for path in &self.pages.results {
            if let Some(found) = at(page, path).filter(|found| !found.is_null()) {
                self.add(path, found);
            }
        }
        self.next(page)
    }

    fn add(&mut self, path: &str, found: &Value) {
        let sum = match (at(&self.whole, path), found) {
            (Some(Value::Array(_)), Value::Array(items)) => {
                if let Some(Value::Array(all)) = at_mut(&mut self.whole, path) {
                    all.extend(items.iter().cloned());
                }
                return;
            }
            (Some(Value::String(all)), Value::String(more)) => Value::String(format!("{all}{more}")),
            (Some(Value::Number(all)), Value::Number(more)) => match (all.as_i64(), more.as_i64()) {
                (Some(all), Some(more)) => Value::from(all.saturating_add(more)),
                _ => Value::from(all.as_f64().unwrap_or_default() + more.as_f64().unwrap_or_default()),
            },
            // As botocore does: what cannot be added to stays as it was.
            (Some(_), _) => return,
            (None, found) => found.clone(),
        };
        set(&mut self.whole, path, sum);
    }

    fn next(&mut self, page: &Value) -> Result<Option<Map<String, Value>>, Endless> {
        let says_more = self.pages.more.as_ref().map(|more| at(page, more) == Some(&Value::Bool(true)));
        if says_more == Some(false) {
            return Ok(None);
        }
        let token =
            |path: &String| at(page, path).filter(|token| !is_empty(token)).cloned().unwrap_or_default();
        let tokens: Vec<Value> = self.pages.output.iter().map(token).collect();
        if tokens.iter().all(Value::is_null) {
            return if says_more == Some(true) { Err(Endless::Cut) } else { Ok(None) };
        }
        if self.tokens.as_ref() == Some(&tokens) {
            return Err(Endless::Circle);
        }
        let named = self.pages.input.iter().cloned().zip(tokens.iter().cloned());
        let named = named.collect();
        self.tokens = Some(tokens);
        Ok(Some(named))
    }

    /// The whole answer.
    pub(crate) fn whole(self) -> Value {
        let mut whole = self.whole;
        if let (Value::Object(whole), Some(Value::Object(kept))) = (&mut whole, self.kept) {
            merge(whole, kept);
        }
        whole
    }
}

fn is_empty(token: &Value) -> bool {
    token.is_null() || token.as_str() == Some("")
}

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, part| value.get(part))
}

fn at_mut<'v>(value: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    path.split('.').try_fold(value, |value, part| value.get_mut(part))
}

fn set(value: &mut Value, path: &str, to: Value) {
    let Value::Object(fields) = value else { return };
    match path.split_once('.') {
        None => drop(fields.insert(path.to_owned(), to)),
        Some((head, rest)) => {
            set(fields.entry(head).or_insert_with(|| Value::Object(Map::new())), rest, to);
        }
    }
}

/// botocore's `merge_dicts`
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(into)), Value::Object(from)) => merge(into, from),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::model;

    fn gathered(service: &str, operation: &str, pages: &[Value]) -> (Value, Vec<Value>) {
        let operation = &model(service).unwrap().operations[operation];
        let mut gathered = Gathered::new(operation.pages.as_ref().unwrap());
        let tokens = pages.iter().map(|page| gathered.take(page).unwrap().map_or(Value::Null, Value::Object));
        let tokens = tokens.collect();
        (gathered.whole(), tokens)
    }

    #[test]
    fn pages_become_one_answer() {
        let pages = [
            json!({"Group": {"GroupName": "g"}, "Users": [1], "IsTruncated": true, "Marker": "m"}),
            json!({"Group": {"GroupName": "other"}, "Users": [2], "IsTruncated": false, "Marker": "n"}),
        ];
        let (whole, tokens) = gathered("iam", "GetGroup", &pages);
        assert_eq!(whole, json!({"Group": {"GroupName": "g"}, "Users": [1, 2]}));
        assert_eq!(tokens, [json!({"Marker": "m"}), Value::Null]);
        // An empty page in between ends nothing; an empty token does.
        let pages = [
            json!({"Accounts": [1], "NextToken": "a"}),
            json!({"Accounts": [], "NextToken": "b"}),
            json!({"Accounts": [2], "NextToken": ""}),
        ];
        let (whole, tokens) = gathered("organizations", "ListAccounts", &pages);
        assert_eq!(whole, json!({"Accounts": [1, 2]}));
        assert_eq!(tokens.last(), Some(&Value::Null));
        // A list that no page has is not there, as with the AWS CLI.
        let (whole, _) = gathered("organizations", "ListAccounts", &[json!({})]);
        assert_eq!(whole, json!({}));
    }

    #[test]
    fn the_same_token_twice_is_a_circle() {
        let pages = model("iam").unwrap().operations["ListUsers"].pages.as_ref().unwrap();
        let page = json!({"Users": [], "IsTruncated": true, "Marker": "m"});
        let mut gathered = Gathered::new(pages);
        assert!(gathered.take(&page).unwrap().is_some());
        assert_eq!(gathered.take(&page), Err(Endless::Circle));
    }

    #[test]
    fn more_without_a_token_is_no_end() {
        let pages = model("iam").unwrap().operations["ListUsers"].pages.as_ref().unwrap();
        for page in [
            json!({"Users": [1], "IsTruncated": true}),
            json!({"Users": [1], "IsTruncated": true, "Marker": ""}),
        ] {
            assert_eq!(Gathered::new(pages).take(&page), Err(Endless::Cut), "{page}");
        }
        let last = json!({"Users": [1], "IsTruncated": false});
        assert_eq!(Gathered::new(pages).take(&last), Ok(None));
    }
}
