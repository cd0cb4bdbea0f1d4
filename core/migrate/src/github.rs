//! The subject of a token of GitHub Actions (GitHub Docs, "OpenID Connect reference", "Example subject claims").
//!
//! `repo:OWNER/REPO:…`, and of repositories made, renamed or moved since 2026-07-15 `repo:OWNER@ID/REPO@ID:…`. A colon within a value is
//! `%3A`. An organization may choose other claims (`include_claim_keys`); then the subject is a list of these.

use std::fmt;

/// A subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Whose it is; `None`: the organization's own claims begin otherwise.
    pub repository: Option<Repository>,
    /// For what the job runs; with an organization's own claims, in their order.
    pub claims: Vec<Claim>,
}

/// A repository, with the ids that no rename changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// `octo-org`, with its id where the subject has it.
    pub owner: (String, Option<u64>),
    /// `octo-repo`.
    pub name: (String, Option<u64>),
}

/// One claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the forms of GitHub's page")]
pub enum Claim {
    /// `environment:NAME`: whenever the job has one.
    Environment(String),
    /// `pull_request`.
    PullRequest,
    /// `ref:refs/heads/B`, `ref:refs/tags/T`, as written behind `ref:`.
    Ref(String),
    /// Another, by its key.
    Other(String, String),
}

impl Subject {
    /// Reads a subject; `None`: it is of no known form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':').peekable();
        let repository = match parts.peek() {
            Some(&"repo") => {
                parts.next();
                Some(Repository::parse(parts.next()?)?)
            }
            _ => None,
        };
        let mut claims = Vec::new();
        while let Some(key) = parts.next() {
            claims.push(match key {
                "pull_request" => Claim::PullRequest,
                "environment" => Claim::Environment(unescaped(parts.next()?)),
                "ref" => Claim::Ref(unescaped(parts.next()?)),
                "" => return None,
                key => Claim::Other(key.to_owned(), unescaped(parts.next()?)),
            });
        }
        (!claims.is_empty()).then_some(Self { repository, claims })
    }

    /// The same without ids: what a repository says that was neither made nor renamed since they came.
    #[must_use]
    pub fn classic(&self) -> Self {
        let repository = self.repository.as_ref().map(|held| Repository {
            owner: (held.owner.0.clone(), None),
            name: (held.name.0.clone(), None),
        });
        Self { repository, claims: self.claims.clone() }
    }

    /// Whether the ids are there.
    pub fn is_immutable(&self) -> bool {
        self.repository.as_ref().is_some_and(|held| held.owner.1.is_some() && held.name.1.is_some())
    }
}

impl Repository {
    /// Reads `OWNER/REPO`, or with ids `OWNER@1/REPO@2`.
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let part = |text: &str| -> Option<(String, Option<u64>)> {
            let (name, id) = match text.split_once('@') {
                Some((name, id)) => (name, Some(id.parse().ok()?)),
                None => (text, None),
            };
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            (!name.is_empty() && name.chars().all(is_name)).then(|| (name.to_owned(), id))
        };
        Some(Self { owner: part(owner)?, name: part(name)? })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        if let Some(repository) = &self.repository {
            write!(f, "repo:{repository}")?;
            between = ":";
        }
        for claim in &self.claims {
            f.write_str(between)?;
            between = ":";
            match claim {
                Claim::Environment(name) => write!(f, "environment:{}", escaped(name))?,
                Claim::PullRequest => f.write_str("pull_request")?,
                Claim::Ref(name) => write!(f, "ref:{}", escaped(name))?,
                Claim::Other(key, value) => write!(f, "{key}:{}", escaped(value))?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |(name, id): &(String, Option<u64>)| match id {
            Some(id) => format!("{name}@{id}"),
            None => name.clone(),
        };
        write!(f, "{}/{}", part(&self.owner), part(&self.name))
    }
}

fn escaped(value: &str) -> String {
    value.replace(':', "%3A")
}

fn unescaped(value: &str) -> String {
    value.replace("%3A", ":").replace("%3a", ":")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms of migrate.md and of GitHub's page: read, and written back as they were.
    #[test]
    fn subjects_are_written_back_as_they_were_read() {
        let subjects = [
            "repo:octo-org/octo-repo:environment:Production",
            "repo:octo-org/octo-repo:environment:eu%3Aproduction",
            "repo:octo-org/octo-repo:pull_request",
            "repo:octo-org/octo-repo:ref:refs/heads/main",
            "repo:octo-org/octo-repo:ref:refs/heads/feature/a",
            "repo:octo-org/octo-repo:ref:refs/tags/v1.0.0",
            "repo:octo-org/.github:ref:refs/heads/main",
            "repo:octo-org/octo.repo_x:pull_request",
            "repo:octo-org@123/octo-repo@456:environment:Production",
            "repo:octo-org@123/octo-repo@456:environment:eu%3Aproduction",
            "repo:octo-org@123/octo-repo@456:pull_request",
            "repo:octo-org@123/octo-repo@456:ref:refs/heads/main",
            "repo:octo-org@123/octo-repo@456:ref:refs/heads/feature/a",
            "repo:octo-org@123/octo-repo@456:ref:refs/tags/v1.0.0",
            "repo:octo-org/octo-repo:ref:refs/pull/7/merge",
            "repo:Octo-Org/Octo-Repo:environment:production",
            "repository_owner:octo-org",
            "repository_owner_id:123:repository_id:456",
            "job_workflow_ref:octo-org/shared/.github/workflows/deploy.yml@refs/heads/main",
            "repo:octo-org/octo-repo:job_workflow_ref:octo-org/shared/.github/workflows/deploy.yml@refs/heads/main",
            "repo:octo-org@123/octo-repo@456:environment:prod:job_workflow_ref:octo-org/shared/.github/workflows/d.yml@refs/tags/v2",
            "repository:octo-org/octo-repo:environment:production",
            "repo:octo-org/octo-repo:environment:prod:ref:refs/heads/main",
            "enterprise_id:9:repository_visibility:private",
        ];
        assert_eq!(subjects.len(), 24);
        for text in subjects {
            let subject = Subject::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(subject.to_string(), text);
            assert_eq!(subject.is_immutable(), text.contains("@123/") && text.contains("@456"), "{text}");
            assert!(!subject.classic().is_immutable());
        }
        for text in [
            "",
            "repo:",
            "repo:octo-org",
            "repo:octo-org/x",
            "repo:o/r:environment",
            "repo:o@x/r:pull_request",
            "repo:o*/r:pull_request",
            "a",
        ] {
            assert_eq!(Subject::parse(text), None, "{text}");
        }
    }
}
