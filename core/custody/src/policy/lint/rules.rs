//! Rules: each can be fulfilled, and by people who are apart.

use std::collections::BTreeSet;

use super::Lint;
use crate::ask::Kind;
use crate::lasting::Lasting;
use crate::name::{PersonId, RuleName};
use crate::policy::file::{Rule, Tier};
use crate::quorum::Seats;

impl Lint<'_> {
    pub(super) fn rules(&mut self) {
        for (name, rule) in &self.file.rules {
            let place = format!("rules.{name}");
            self.named(&place, rule);
            self.counted(&place, rule);
            self.timed(&place, rule);
            self.of_kind(&place, rule);
            self.signed(&place, rule);
            self.fulfilled(&place, rule);
            self.alone(&place, name, rule);
        }
        self.complete();
    }

    fn named(&mut self, place: &str, rule: &Rule) {
        self.must_be_groups(&format!("{place}.requesters"), &rule.requesters);
        self.must_be_groups(&format!("{place}.approvals"), rule.approvals.iter().map(|need| &need.group));
        self.must_be_groups(&format!("{place}.operators"), &rule.operators);
        self.must_be_groups(&format!("{place}.reviewers"), &rule.reviewers);
        for account in &rule.accounts {
            let unknown = !self.file.accounts.contains_key(account);
            let what = format!("there is no account {account}");
            self.refuse_if(unknown, "rule-account", place, what, "name the account in `accounts`");
        }
        let needless = !rule.accounts.is_empty() && matches!(rule.kind, Kind::Govern | Kind::Drill);
        self.refuse_if(
            needless,
            "rule-accounts",
            place,
            "requests of this kind are of no account",
            "take `accounts` out",
        );
    }

    fn counted(&mut self, place: &str, rule: &Rule) {
        let none = rule.requesters.is_empty();
        self.refuse_if(none, "requesters-none", place, "nobody may ask", "name groups in `requesters`");
        let hint = "name a group and how many of it: without approvals everything would be let through";
        self.refuse_if(rule.approvals.is_empty(), "approvals-none", place, "nobody has to approve", hint);
        let none = rule.reviewers.is_empty();
        self.refuse_if(
            none,
            "reviewers-none",
            place,
            "nobody looks at it afterwards",
            "name groups in `reviewers`",
        );
        let mut groups = BTreeSet::new();
        for need in &rule.approvals {
            let again = !groups.insert(&need.group);
            let what = format!("`{}` is named twice", need.group);
            self.refuse_if(again, "approvals-twice", place, what, "name it once, with the whole count");
            let there = self.file.members([&need.group]).len();
            let what =
                format!("{} of `{}` have to approve, and it has {there}", need.count.get(), need.group);
            let short = there > 0 && usize::from(need.count.get()) > there;
            self.refuse_if(
                short,
                "approvals-short",
                place,
                what,
                "name fewer, or take people into the group",
            );
        }
        let people = rule.approvals.iter().any(|need| {
            let members = self.file.members([&need.group]);
            members.is_empty() || members.iter().any(|member| !self.is_program(member))
        });
        let hint = "let a group of people approve beside the program";
        let alone = !rule.approvals.is_empty() && !people;
        self.refuse_if(alone, "approvals-programs", place, "programs alone would approve", hint);
        let least: u16 = rule.approvals.iter().map(|need| u16::from(need.count.get())).sum();
        let matters = matches!(rule.kind, Kind::Govern | Kind::Custody);
        let hint = "let two people approve: one alone could make the desk theirs";
        self.refuse_if(matters && least < 2, "quorum-one", place, "one person alone could change it", hint);
    }

    fn timed(&mut self, place: &str, rule: &Rule) {
        let (zero, week) = (Lasting::seconds(0), Lasting::hours(7 * 24));
        let hint = "`1h` is what a sign-in as root needs";
        self.refuse_if(rule.window == zero, "window-none", place, "the window is empty", hint);
        let most = self.file.limits.window;
        let what = format!("its window of {} is longer than `limits.window` ({most})", rule.window);
        self.refuse_if(rule.window > most, "window-long", place, what, "make it shorter");
        let odd = rule.decide_within == zero || rule.decide_within > week;
        let hint = "`4h` at night, `2d` for changes";
        self.refuse_if(
            odd,
            "decide-within",
            place,
            "it is decided at once, or within more than a week",
            hint,
        );
        let odd = rule.votes_last == zero || rule.votes_last > week;
        let hint = "`4h`: people and reasons change";
        self.refuse_if(
            odd,
            "votes-last",
            place,
            "approvals count for no time, or for more than a week",
            hint,
        );
        let short = rule.votes_last < rule.window && rule.votes_last != zero;
        let what = format!("approvals count for {}, and the window is {}", rule.votes_last, rule.window);
        let hint = "let them count as long as the window, or operators are turned away within it";
        self.refuse_if(short, "votes-short", place, what, hint);
        let odd = rule.review_within == zero || rule.review_within > Lasting::hours(31 * 24);
        let hint = "`3d`: what is looked at later is not remembered";
        self.refuse_if(
            odd,
            "review-within",
            place,
            "it is reviewed at once, or within more than a month",
            hint,
        );
    }

    fn of_kind(&mut self, place: &str, rule: &Rule) {
        let codes = rule.kind.has_codes();
        let bare = rule.kind != Kind::Govern && rule.operators.is_empty();
        self.refuse_if(bare, "operators-none", place, "nobody carries it out", "name groups in `operators`");
        let needless = rule.kind == Kind::Govern && !rule.operators.is_empty();
        let hint = "take `operators` out: what is approved comes into force by itself";
        self.refuse_if(needless, "operators-govern", place, "nobody carries out a change of the desk", hint);
        let hint = "say `modes = [\"direct\"]`, or `phone`, or both";
        self.refuse_if(
            codes && rule.modes.is_empty(),
            "modes-none",
            place,
            "no code could be handed over",
            hint,
        );
        self.refuse_if(
            !codes && !rule.modes.is_empty(),
            "modes-needless",
            place,
            "it has no codes",
            "take `modes` out",
        );
        let again = rule.modes.iter().collect::<BTreeSet<_>>().len() < rule.modes.len();
        self.refuse_if(again, "modes-twice", place, "a mode is named twice", "name it once");
        let odd = codes && !(1..=2).contains(&rule.codes);
        let hint = "1, or 2 for when the first one was too late";
        self.refuse_if(odd, "codes", place, format!("{} codes would come of one request", rule.codes), hint);
    }

    fn signed(&mut self, place: &str, rule: &Rule) {
        let requesters = self.file.members(&rule.requesters);
        let approvers = self.file.members(rule.approvals.iter().map(|need| &need.group));
        let operators = self.file.members(&rule.operators);
        let reviewers = self.file.members(&rule.reviewers);
        self.no_programs(&format!("{place}.requesters"), &requesters, "asks for itself");
        self.no_programs(&format!("{place}.operators"), &operators, "releases codes");
        self.no_programs(&format!("{place}.reviewers"), &reviewers, "reviews");
        self.must_have_keys(&format!("{place}.approvals"), &approvers, "approves");
        self.must_have_keys(&format!("{place}.operators"), &operators, "carries out");
        self.must_have_keys(&format!("{place}.reviewers"), &reviewers, "reviews");
        self.shared(place, rule, &approvers);
    }

    /// The shares of a seed lie with those who approve.
    fn shared(&mut self, place: &str, rule: &Rule, approvers: &BTreeSet<PersonId>) {
        let is_sealed = self.file.seeds.values().any(|seed| {
            let concerns = match rule.kind {
                Kind::RootCode => seed.account.is_some() && rule.is_for(Kind::RootCode, seed.account),
                Kind::Drill => seed.practice,
                _ => false,
            };
            concerns && seed.tier != Tier::T0
        });
        if !is_sealed {
            return;
        }
        let lacks = |person: &&PersonId| {
            let known = self.file.people.get(person);
            known.is_some_and(|known| known.recipient.is_none()) && !self.is_program(person)
        };
        if let Some(person) = approvers.iter().find(lacks) {
            let what = format!("`{person}` approves, and no share can be sealed to them");
            let hint = "let them make a passkey on the page `/enrol` of the desk, and write the `recipient` that it shows";
            self.refuse_if(true, "recipient-none", place, what, hint);
        }
        let least: usize = rule
            .approvals
            .iter()
            .map(|need| {
                let programs = self.file.members([&need.group]).iter().any(|member| self.is_program(member));
                if programs { 0 } else { usize::from(need.count.get()) }
            })
            .sum();
        let hint = "let two people approve: a seed is split among at least two";
        self.refuse_if(least < 2, "shares-one", place, "one share alone would open the seed", hint);
    }

    /// Whoever asks, others are left for every part.
    fn fulfilled(&mut self, place: &str, rule: &Rule) {
        let parts = [&rule.requesters, &rule.reviewers];
        if parts.iter().any(|part| self.file.members(*part).is_empty()) || rule.approvals.is_empty() {
            return;
        }
        for requester in self.file.members(&rule.requesters) {
            let seats = Seats::of(self.file, rule);
            let others = self.file.people.keys().filter(|person| **person != requester).cloned().collect();
            if let Err(missing) = seats.seated(&others) {
                let what = format!("when `{requester}` asks, nobody is left {missing}");
                let hint = "take people into the groups: all parts are played by different people";
                self.refuse_if(true, "rule-unfulfillable", place, what, hint);
                return;
            }
        }
    }

    fn alone(&mut self, place: &str, name: &RuleName, rule: &Rule) {
        let meets = |other: &Rule| {
            let either = rule.accounts.is_empty() || other.accounts.is_empty();
            other.kind == rule.kind
                && (either || rule.accounts.iter().any(|account| other.accounts.contains(account)))
        };
        let other = self.file.rules.iter().find(|(other, known)| *other < name && meets(known));
        if let Some((other, _)) = other {
            let what = format!("`{other}` is for the same requests, and the weaker of the two would decide");
            self.refuse_if(true, "rule-two", place, what, "leave one of them");
        }
    }

    /// What a desk cannot do without.
    fn complete(&mut self) {
        let has = |kind: Kind| self.file.rules.values().any(|rule| rule.kind == kind);
        let (govern, custody, drill) = (has(Kind::Govern), has(Kind::Custody), has(Kind::Drill));
        let practice = self.file.seeds.values().any(|seed| seed.practice);
        let hint = "write a rule of the kind `govern`: without one nothing of this could ever be changed";
        self.refuse_if(
            !govern,
            "govern-none",
            "rules",
            "nobody could change the policy or unseal the desk",
            hint,
        );
        let hint = "write a rule of the kind `custody`";
        let bare = !self.file.seeds.is_empty() && !custody;
        self.refuse_if(bare, "custody-none", "rules", "no seed could be enrolled", hint);
        let hint = "name a seed with `practice = true`";
        self.refuse_if(drill && !practice, "practice-none", "seeds", "drills have no seed", hint);
        let hint = "write a rule of the kind `drill`";
        self.refuse_if(practice && !drill, "drill-none", "rules", "the practice seed is of no use", hint);
        for account in self.file.accounts.keys() {
            let place = format!("accounts.{account}");
            for (kind, lint) in [(Kind::RootCode, "root-none"), (Kind::Custody, "custody-account")] {
                let bare = !self.file.rules.values().any(|rule| rule.is_for(kind, Some(*account)));
                let what = format!("no rule of the kind `{}` is for it", kind.word());
                self.refuse_if(
                    bare && (kind == Kind::RootCode || custody),
                    lint,
                    &place,
                    what,
                    "write one, or take the account out",
                );
            }
        }
    }
}
