//! Rounds against an outbox and a receiver: every way an attempt can end, and a kill before and after each thing that is done.

use jiff::SignedDuration;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn letter(number: i64, channel: &str) -> Letter {
    Letter { number, channel: channel.to_owned(), attempts: 0 }
}

const TERMS: Terms = Terms { seconds: 60, seconds_each: 15 };

fn failed(cause: Cause) -> Outcome {
    Outcome::failed(cause, "why")
}

/// Drives a round; each letter ends as its channel says.
fn drive(mut round: Round, end: impl Fn(&str) -> Outcome, seconds: i64) -> (Vec<Standing>, Vec<i64>) {
    let (mut now, mut sent) = (at(0), Vec::new());
    loop {
        let taken = match round.next(now) {
            Wanted::Claim { .. } => Taken::Claimed(true),
            Wanted::Send { letter, .. } => {
                now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
                sent.push(round.letters[letter].number);
                Taken::Became { outcome: end(&round.letters[letter].channel), jitter: 0 }
            }
            Wanted::Write { .. } => Taken::Written,
            Wanted::Nothing => break,
        };
        round.take(taken, now);
    }
    (round.standings().map(|(_, standing)| standing.clone()).collect(), sent)
}

#[test]
fn a_channel_that_is_down_costs_one_wait() {
    let letters =
        vec![letter(1, "down"), letter(2, "up"), letter(3, "down"), letter(4, "shut"), letter(5, "up")];
    let round = Round::new(letters, &["shut".to_owned()], TERMS, at(0));
    let end = |channel: &str| if channel == "up" { Outcome::Taken(None) } else { failed(Cause::Busy(None)) };
    let (standings, sent) = drive(round, end, 1);
    assert_eq!(sent, [1, 2, 5]);
    assert!(matches!(&standings[0], Standing::Again { at: again, .. } if *again == at(6)));
    let left = [&standings[2], &standings[3]];
    assert_eq!(left, [&Standing::Left(Why::Failing), &Standing::Left(Why::Closed)]);
    assert_eq!([&standings[1], &standings[4]], [&Standing::Sent(None), &Standing::Sent(None)]);
}

#[test]
fn a_bad_letter_holds_no_other_up() {
    let round = Round::new(vec![letter(1, "a"), letter(2, "a")], &[], TERMS, at(0));
    let (standings, sent) = drive(round, |_| failed(Cause::Letter), 1);
    assert_eq!(sent, [1, 2]);
    assert!(standings.iter().all(|standing| matches!(standing, Standing::GivenUp { .. })));
}

#[test]
fn a_round_ends_in_time() {
    let letters: Vec<Letter> = (1..=20).map(|number| letter(number, &format!("c{number}"))).collect();
    let mut round = Round::new(letters, &[], TERMS, at(0));
    let (mut now, mut given) = (at(0), Vec::new());
    loop {
        let taken = match round.next(now) {
            Wanted::Claim { until, .. } => {
                assert!(until > now.checked_add(SignedDuration::from_secs(15)).unwrap());
                Taken::Claimed(true)
            }
            Wanted::Send { seconds, .. } => {
                // A receiver takes all the time that it is given.
                given.push(seconds);
                now = now.checked_add(SignedDuration::from_secs(seconds.into())).unwrap();
                Taken::Became { outcome: failed(Cause::Unknown), jitter: 0 }
            }
            Wanted::Write { .. } => Taken::Written,
            Wanted::Nothing => break,
        };
        round.take(taken, now);
    }
    assert_eq!(given, [15, 15, 15, 15]);
    assert_eq!(
        round.standings().filter(|(_, standing)| **standing == Standing::Left(Why::NoTime)).count(),
        16
    );
    // The last letter has what the others left.
    let mut round =
        Round::new(vec![letter(1, "a"), letter(2, "b")], &[], Terms { seconds: 20, seconds_each: 15 }, at(0));
    round.next(at(12));
    round.take(Taken::Claimed(true), at(12));
    assert_eq!(round.next(at(12)), Wanted::Send { letter: 0, seconds: 8 });
    let mut backwards = Round::new(vec![letter(1, "a")], &[], TERMS, at(1000));
    assert!(matches!(backwards.next(at(0)), Wanted::Claim { .. }));
}

#[test]
fn what_a_receiver_asks_for_is_kept() {
    let mut round = Round::new(vec![letter(1, "a"), letter(2, "a")], &[], TERMS, at(0));
    round.next(at(0));
    round.take(Taken::Claimed(true), at(0));
    round.next(at(0));
    round.take(Taken::Became { outcome: failed(Cause::Busy(Some(90))), jitter: 0 }, at(0));
    let wanted = round.next(at(0));
    let Wanted::Write { standing, channel, .. } = wanted else { panic!("{wanted:?}") };
    assert_eq!(standing, Standing::Again { at: at(90), why: "why".to_owned() });
    assert_eq!(channel, Some(ChannelChange::WaitsUntil(at(90))));
}

#[test]
fn a_channel_that_is_gone_closes_and_keeps_its_letters() {
    let tried = Letter { attempts: 30, ..letter(1, "a") };
    let mut round = Round::new(vec![tried], &[], TERMS, at(0));
    round.next(at(0));
    round.take(Taken::Claimed(true), at(0));
    round.next(at(0));
    round.take(Taken::Became { outcome: failed(Cause::Gone), jitter: 0 }, at(0));
    let wanted = round.next(at(0));
    assert!(
        matches!(
            &wanted,
            Wanted::Write { standing: Standing::Again { .. }, channel: Some(ChannelChange::Closes), .. }
        ),
        "{wanted:?}"
    );
}

#[test]
fn what_somebody_else_delivers_is_left() {
    let mut round = Round::new(vec![letter(1, "a")], &[], TERMS, at(0));
    round.next(at(0));
    round.take(Taken::Claimed(false), at(0));
    assert_eq!(round.next(at(0)), Wanted::Nothing);
    assert_eq!(round.standings().next().unwrap().1, &Standing::Left(Why::Taken));
}

/// An outbox as the journal has it.
#[derive(Clone)]
struct Row {
    letter: Letter,
    next: Timestamp,
    is_sent: bool,
    given_up: Option<String>,
}

/// What the receiver does with each attempt, one after the other: and how often it took which letter.
struct World {
    rows: Vec<Row>,
    closed: bool,
    script: Vec<Outcome>,
    tries: usize,
    received: Vec<i64>,
}

impl World {
    fn new(script: &[Outcome]) -> Self {
        let row = |number| Row { letter: letter(number, "a"), next: at(0), is_sent: false, given_up: None };
        Self {
            rows: vec![row(1), row(2)],
            closed: false,
            script: script.to_vec(),
            tries: 0,
            received: Vec::new(),
        }
    }

    /// One attempt. An answer that was lost may be of a letter that was taken: of every second it is.
    fn attempt(&mut self, number: i64) -> Outcome {
        let outcome = self.script.get(self.tries).cloned().unwrap_or(Outcome::Taken(None));
        self.tries += 1;
        let is_taken = match &outcome {
            Outcome::Taken(_) => true,
            Outcome::Failed { cause: Cause::Unknown, .. } => self.tries.is_multiple_of(2),
            Outcome::Failed { .. } => false,
        };
        if is_taken {
            self.received.push(number);
        }
        outcome
    }

    /// A round that is killed after so many steps; whether it came to its end.
    fn round(&mut self, now: Timestamp, mut steps: usize) -> bool {
        let due: Vec<Letter> = self
            .rows
            .iter()
            .filter(|row| !row.is_sent && row.given_up.is_none() && row.next <= now)
            .map(|row| row.letter.clone())
            .collect();
        let closed = if self.closed { vec!["a".to_owned()] } else { Vec::new() };
        let mut round = Round::new(due.clone(), &closed, TERMS, now);
        loop {
            let wanted = round.next(now);
            if wanted == Wanted::Nothing {
                return true;
            }
            if steps == 0 {
                return false;
            }
            steps -= 1;
            let taken = self.done(&wanted, &due);
            round.take(taken, now);
        }
    }

    fn done(&mut self, wanted: &Wanted, due: &[Letter]) -> Taken {
        let row = |rows: &mut Vec<Row>, index: usize| -> usize {
            rows.iter().position(|row| row.letter.number == due[index].number).unwrap()
        };
        match wanted {
            Wanted::Claim { letter, until } => {
                let place = row(&mut self.rows, *letter);
                self.rows[place].letter.attempts += 1;
                self.rows[place].next = *until;
                Taken::Claimed(true)
            }
            Wanted::Send { letter, .. } => {
                let outcome = self.attempt(due[*letter].number);
                Taken::Became { outcome, jitter: 500 }
            }
            Wanted::Write { letter, standing, channel } => {
                let place = row(&mut self.rows, *letter);
                match standing {
                    Standing::Sent(_) => self.rows[place].is_sent = true,
                    Standing::Again { at, .. } => self.rows[place].next = *at,
                    Standing::GivenUp { why } => self.rows[place].given_up = Some(why.clone()),
                    Standing::Left(_) => panic!("what was left is not written"),
                }
                match channel {
                    Some(ChannelChange::Closes) => self.closed = true,
                    Some(ChannelChange::WaitsUntil(until)) => {
                        for row in &mut self.rows {
                            row.next = row.next.max(*until);
                        }
                    }
                    None => {}
                }
                Taken::Written
            }
            Wanted::Nothing => panic!("nothing is wanted"),
        }
    }
}

/// Every sequence of four endings, and a kill at every step of the first rounds: in the end each letter was received, or is kept as given up
/// with the reason; twice only after a kill or a lost answer; and a channel that is gone is asked no more until it is opened.
#[test]
fn nothing_is_lost_whenever_it_is_killed() {
    let endings = [
        Outcome::Taken(None),
        failed(Cause::Busy(Some(700))),
        failed(Cause::Channel),
        failed(Cause::Letter),
        failed(Cause::Unknown),
        failed(Cause::Gone),
    ];
    let mut worlds = 0;
    for sequence in 0..endings.len().pow(4) {
        let script: Vec<Outcome> = (0..4)
            .map(|place| endings[sequence / endings.len().pow(place) % endings.len()].clone())
            .collect();
        for (first, second) in (0..=7).flat_map(|first| [(first, 2), (first, 99)]) {
            let mut world = World::new(&script);
            let (mut now, mut killed) = (at(0), 0);
            for steps in [first, second].into_iter().chain(std::iter::repeat_n(99, 20)) {
                killed += usize::from(!world.round(now, steps));
                if world.closed {
                    let tries = world.tries;
                    assert!(
                        world.round(later(now, 100_000), 99) && world.tries == tries,
                        "a closed channel was asked"
                    );
                    world.closed = false;
                }
                now = later(now, 100_000);
            }
            let lost = world
                .script
                .iter()
                .filter(|end| matches!(end, Outcome::Failed { cause: Cause::Unknown, .. }))
                .count();
            for row in &world.rows {
                let received = world.received.iter().filter(|number| **number == row.letter.number).count();
                assert!(
                    received > 0 || row.given_up.as_deref() == Some("why"),
                    "lost: {script:?} {first} {second}"
                );
                assert!(row.is_sent || row.given_up.is_some());
                assert!(received <= 1 + killed + lost, "{received} times: {script:?} {first} {second}");
            }
            worlds += 1;
        }
    }
    assert_eq!(worlds, 1296 * 16);
}
