//! Virtual MFA devices from making to removing.

use kagimori_fake_aws::bastion;

use crate::client::{Answer, Aws, Keys, serial};

const SPARE: &str = "arn:aws:iam::111122223333:mfa/spare";

fn create(aws: &mut Aws, keys: &Keys, name: &str) -> Answer {
    aws.iam(keys, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)])
}

/// The codes a device shows at steps relative to now.
fn codes(aws: &Aws, serial: &str, steps: [i64; 2]) -> [String; 2] {
    steps.map(|step| {
        let then = aws.wall + jiff::SignedDuration::from_secs(30 * step);
        aws.world.totp(serial, then).unwrap()
    })
}

fn prove(aws: &mut Aws, keys: &Keys, action: &str, user: &str, serial: &str, codes: [&str; 2]) -> Answer {
    let parameters = [
        ("UserName", user),
        ("SerialNumber", serial),
        ("AuthenticationCode1", codes[0]),
        ("AuthenticationCode2", codes[1]),
    ];
    aws.iam(keys, action, &parameters)
}

#[test]
fn a_device_from_seed_to_removal() {
    let mut aws = Aws::bastion();
    let bob = aws.user("bob");
    let made = create(&mut aws, &bob, "spare").ok();
    assert_eq!(made.text("SerialNumber"), Some(SPARE));
    // A blob of 64 letters of base32, in base64.
    assert_eq!(made.text("Base32StringSeed").unwrap().len(), 88);
    assert_eq!(create(&mut aws, &bob, "spare").code(), "EntityAlreadyExists");

    let unusable = [("SerialNumber", SPARE), ("TokenCode", "000000")];
    let early = aws.sts(&bob, "GetSessionToken", &unusable).message();
    assert!(early.contains("unable to validate MFA code.  Please"), "not enabled: {early}");

    let [first, second] = codes(&aws, SPARE, [-1, 0]);
    for (pair, why) in [
        ([&first, &first], "the same code twice"),
        ([&second, &first], "the wrong way round"),
        ([&"000000".to_owned(), &second], "only the second"),
    ] {
        let answer = prove(&mut aws, &bob, "EnableMFADevice", "bob", SPARE, pair.map(String::as_str));
        assert_eq!((answer.status, answer.code().as_str()), (403, "InvalidAuthenticationCode"), "{why}");
    }
    prove(&mut aws, &bob, "EnableMFADevice", "bob", SPARE, [&first, &second]).ok();
    let listed = aws.iam(&bob, "ListMFADevices", &[]).ok();
    assert_eq!(listed.text("SerialNumber"), Some(SPARE));
    assert!(!listed.body.contains("Seed"));

    let used = [("SerialNumber", SPARE), ("TokenCode", second.as_str())];
    assert_eq!(aws.sts(&bob, "GetSessionToken", &used).code(), "AccessDenied", "a code that proved the seed");
    aws.pass(30);
    let code = aws.world.totp(SPARE, aws.wall).unwrap();
    let session = aws.sts(&bob, "GetSessionToken", &[("SerialNumber", SPARE), ("TokenCode", &code)]).keys();

    let removal = [("UserName", "bob"), ("SerialNumber", SPARE)];
    assert_eq!(aws.iam(&bob, "DeactivateMFADevice", &removal).code(), "AccessDenied", "that needs MFA");
    aws.iam(&session, "DeactivateMFADevice", &removal).ok();
    assert!(!aws.iam(&bob, "ListMFADevices", &[]).ok().body.contains("spare"));
    assert_eq!(aws.iam(&session, "DeactivateMFADevice", &removal).code(), "NoSuchEntity");
}

#[test]
fn a_device_is_one_users() {
    let mut aws = Aws::bastion();
    let bob = aws.user("bob");
    let [first, second] = codes(&aws, bastion::ALICE_MFA, [-1, 0]);
    let taken = prove(&mut aws, &bob, "EnableMFADevice", "bob", bastion::ALICE_MFA, [&first, &second]);
    assert_eq!((taken.status, taken.code().as_str()), (409, "EntityAlreadyExists"));
    let missing = prove(&mut aws, &bob, "EnableMFADevice", "bob", &serial("none"), [&first, &second]);
    assert_eq!((missing.status, missing.code().as_str()), (404, "NoSuchEntity"));
    let of_alice = aws.iam(&bob, "ListMFADevices", &[("UserName", "alice")]);
    assert_eq!(
        of_alice.message(),
        "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: iam:ListMFADevices on resource: user alice because no identity-based policy allows the iam:ListMFADevices action"
    );
}

#[test]
fn eight_devices_and_no_ninth() {
    let mut aws = Aws::bastion();
    let bob = aws.user("bob");
    for number in 1..=9 {
        let name = format!("b{number}");
        create(&mut aws, &bob, &name).ok();
        let [first, second] = codes(&aws, &serial(&name), [-1, 0]);
        let answer = prove(&mut aws, &bob, "EnableMFADevice", "bob", &serial(&name), [&first, &second]);
        assert_eq!(answer.code(), if number <= 8 { "OK" } else { "LimitExceeded" }, "{number}");
    }
    let listed = aws.iam(&bob, "ListMFADevices", &[]).ok();
    assert_eq!(listed.body.matches("<member>").count(), 8);
}

#[test]
fn a_device_whose_clock_is_off_is_found_again() {
    let mut aws = Aws::bastion();
    let alice = aws.user("alice");
    let (serial, ten_minutes) = (bastion::ALICE_MFA, 20);
    let [first, second] = codes(&aws, serial, [ten_minutes - 1, ten_minutes]);
    let session = |aws: &mut Aws, code: &str| {
        aws.sts(&alice, "GetSessionToken", &[("SerialNumber", serial), ("TokenCode", code)]).code()
    };
    assert_eq!(session(&mut aws, &second), "AccessDenied", "ten minutes ahead");
    prove(&mut aws, &alice, "ResyncMFADevice", "alice", serial, [&first, &second]).ok();
    // From now on the device's own clock counts.
    aws.pass(30);
    let code = aws.code("alice");
    assert_eq!(code, codes(&aws, serial, [0, 0])[0]);
    assert_eq!(session(&mut aws, &code), "OK");
}

#[test]
fn the_window_is_a_setting() {
    for (window, accepted) in [(0, vec![0]), (1, vec![-1, 0, 1]), (2, vec![-2, -1, 0, 1, 2])] {
        for step in -3..=3 {
            let mut aws = Aws::bastion();
            aws.world.settings_mut().window_steps = window;
            let (alice, [code, _]) = (aws.user("alice"), codes(&aws, bastion::ALICE_MFA, [step, step]));
            let mfa = [("SerialNumber", bastion::ALICE_MFA), ("TokenCode", code.as_str())];
            let is_taken = aws.sts(&alice, "GetSessionToken", &mfa).code() == "OK";
            assert_eq!(is_taken, accepted.contains(&step), "window {window}, step {step}");
        }
    }
}

#[test]
fn assigned_and_unassigned() {
    let mut aws = Aws::bastion();
    let bob = aws.user("bob");
    create(&mut aws, &bob, "spare").ok();
    for (status, has_spare, has_alice) in
        [("Any", true, true), ("Assigned", false, true), ("Unassigned", true, false)]
    {
        let listed = aws.iam(&bob, "ListVirtualMFADevices", &[("AssignmentStatus", status)]).ok();
        assert_eq!(
            (listed.body.contains("mfa/spare"), listed.body.contains("mfa/alice")),
            (has_spare, has_alice)
        );
    }
    let odd = aws.iam(&bob, "ListVirtualMFADevices", &[("AssignmentStatus", "Lost")]);
    assert_eq!(odd.code(), "ValidationError");
}
