//! Calls of the tables against a server that answers from a list: what is sent again, what is not, and what is told.

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};

    use kagimori_aws::{Api, CallError, Client, Credentials, Held, Lost, Settings, Source};
    use kagimori_session::credentials::LongTermKey;
    use serde_json::{Value, json};

    /// What the server does with a request.
    enum Act {
        /// Status, further headers, body.
        Answer(u16, String, String),
        /// Says that more is to come, and ends.
        Torn,
        /// Ends without a word.
        Hangs,
    }

    struct Server {
        url: String,
        seen: Arc<Mutex<Vec<String>>>,
    }

    impl Server {
        fn start(acts: Vec<Act>) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let seen = Arc::new(Mutex::new(Vec::new()));
            let heard = Arc::clone(&seen);
            std::thread::spawn(move || {
                for act in acts {
                    let (stream, _) = listener.accept().unwrap();
                    serve(stream, &act, &heard);
                }
            });
            Self { url, seen }
        }

        fn seen(&self) -> Vec<String> {
            self.seen.lock().unwrap().clone()
        }
    }

    fn serve(mut stream: TcpStream, act: &Act, heard: &Mutex<Vec<String>>) {
        let mut text = String::new();
        let mut buffer = [0; 4096];
        loop {
            let read = stream.read(&mut buffer).unwrap();
            text.push_str(&String::from_utf8_lossy(&buffer[..read]));
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
            });
            if read == 0 || body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                break;
            }
        }
        heard.lock().unwrap().push(text);
        let answer = match act {
            Act::Answer(status, headers, body) => format!(
                "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            ),
            Act::Torn => {
                "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\nconnection: close\r\n\r\n<UpdateAccessKey"
                    .to_owned()
            }
            Act::Hangs => return,
        };
        stream.write_all(answer.as_bytes()).unwrap();
    }

    fn api(url: &str) -> Api {
        let key = LongTermKey {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        };
        let credentials = Credentials::of(Source::Given(Held::Key(key)));
        let set = ["iam", "organizations"].map(|id| (id.to_owned(), url.to_owned())).into();
        let settings = Settings { set, ..Settings::default() };
        Api::new(Arc::new(Client::for_tables("test/0", None).unwrap()), Arc::new(credentials), settings)
    }

    fn refusal(code: &str) -> String {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
        )
    }

    fn says(status: u16, body: &str) -> Act {
        Act::Answer(status, String::new(), body.to_owned())
    }

    const DONE: &str = "<UpdateAccessKeyResponse><ResponseMetadata><RequestId>r-2</RequestId></ResponseMetadata></UpdateAccessKeyResponse>";
    const USER: &str = "<GetUserResponse><GetUserResult><User><UserName>a</UserName><CreateDate>2025-01-02T03:04:05Z</CreateDate></User></GetUserResult></GetUserResponse>";

    fn change(api: &Api) -> Result<Value, CallError> {
        api.call(
            "iam",
            "UpdateAccessKey",
            &json!({"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Inactive"}),
        )
    }

    fn read(api: &Api) -> Result<Value, CallError> {
        api.call("iam", "GetUser", &json!({"UserName": "a"}))
    }

    /// How a call ended, how often the server was asked.
    fn ending(acts: Vec<Act>, call: fn(&Api) -> Result<Value, CallError>) -> (&'static str, usize) {
        let server = Server::start(acts);
        let ending = match call(&api(&server.url)) {
            Ok(_) => "done",
            Err(error) => {
                let kind = match &error {
                    CallError::Refused(_) => "refused",
                    CallError::Throttled(_) => "throttled",
                    CallError::Unknown { .. } => "unknown",
                    CallError::NotSent { .. } => "not sent",
                    CallError::Input { .. } => "input",
                    CallError::Credentials(_) => "credentials",
                };
                assert_eq!(error.may_be_done(), kind == "unknown", "{error}");
                kind
            }
        };
        (ending, server.seen().len())
    }

    #[test]
    fn a_change_whose_outcome_is_unknown_is_told_and_not_repeated() {
        assert_eq!(ending(vec![says(200, DONE)], change), ("done", 1));
        assert_eq!(ending(vec![says(403, &refusal("AccessDenied"))], change), ("refused", 1));
        assert_eq!(ending(vec![says(404, &refusal("NoSuchEntity"))], change), ("refused", 1));
        assert_eq!(ending(vec![Act::Hangs, says(200, DONE)], change), ("unknown", 1));
        assert_eq!(ending(vec![Act::Torn, says(200, DONE)], change), ("unknown", 1));
        assert_eq!(
            ending(vec![says(500, &refusal("ServiceFailure")), says(200, DONE)], change),
            ("unknown", 1)
        );
        assert_eq!(
            ending(vec![says(502, "<html>Bad Gateway</html>"), says(200, DONE)], change),
            ("unknown", 1)
        );
        // A page of a proxy: nobody's word about what AWS did.
        assert_eq!(ending(vec![says(200, "<html>please sign in</html>")], change), ("unknown", 1));
        assert_eq!(ending(vec![says(403, "<html>blocked</html>")], change), ("unknown", 1));
    }

    #[test]
    fn reading_is_tried_again() {
        for broken in [Act::Hangs, Act::Torn, says(500, &refusal("ServiceFailure")), says(200, "<html>")] {
            assert_eq!(ending(vec![broken, says(200, USER)], read), ("done", 2));
        }
        assert_eq!(ending(vec![says(404, &refusal("NoSuchEntity")), says(200, USER)], read), ("refused", 1));
    }

    #[test]
    fn too_fast_is_said_by_aws_and_tried_again_by_all() {
        let throttled = || says(400, &refusal("Throttling"));
        assert_eq!(ending(vec![throttled(), says(200, DONE)], change), ("done", 2));
        assert_eq!(
            ending(vec![throttled(), throttled(), throttled(), says(200, DONE)], change),
            ("throttled", 3)
        );
    }

    #[test]
    fn what_never_left_is_told() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = change(&api(&format!("http://127.0.0.1:{port}"))).unwrap_err();
        assert!(matches!(error, CallError::NotSent { attempts: 3, .. }) && !error.may_be_done(), "{error:?}");
        // What is no call at all does not reach the network.
        let api = api("http://127.0.0.1:9");
        for (service, operation, input, place) in [
            ("iam", "UpdateAccessKey", json!({"AccessKeyId": "x"}), "Status"),
            ("iam", "NoSuchCall", json!({}), ""),
            ("ec2", "DescribeRegions", json!({}), ""),
        ] {
            match api.call(service, operation, &input).unwrap_err() {
                CallError::Input { place: found, .. } => assert_eq!(found, place),
                other => panic!("{other}"),
            }
        }
    }

    /// Nothing is sent once the time is over, no answer waited for, and no pause begun that ends behind it.
    #[test]
    fn time_ends_a_call() {
        let soon = || std::time::Instant::now() + std::time::Duration::from_millis(300);
        let silent = Server::start(vec![Act::Hangs, Act::Hangs, Act::Hangs]);
        let begun = std::time::Instant::now();
        let error = read(&api(&silent.url).until(soon())).unwrap_err();
        assert!(begun.elapsed().as_secs() < 60 && !matches!(error, CallError::Refused(_)), "{error:?}");
        let untouched = Server::start(vec![says(200, USER)]);
        let error = read(&api(&untouched.url).until(std::time::Instant::now())).unwrap_err();
        assert!(matches!(error, CallError::NotSent { lost: Lost::OutOfTime, attempts: 0, .. }), "{error:?}");
        let late = std::time::Instant::now() + std::time::Duration::from_secs(600);
        assert!(read(&api(&untouched.url).until(late)).is_ok());
    }

    #[test]
    fn a_wrong_clock_is_set_by_the_refusal() {
        let date = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1))
            .strftime("%a, %d %b %Y %H:%M:%S GMT");
        let refused = Act::Answer(403, format!("date: {date}\r\n"), refusal("SignatureDoesNotMatch"));
        let server = Server::start(vec![refused, says(200, DONE), says(200, DONE)]);
        let api = api(&server.url);
        change(&api).unwrap();
        change(&api).unwrap();
        let dated = |request: &String| {
            let (_, rest) = request.split_once("x-amz-date: ").unwrap();
            let date = rest.lines().next().unwrap().replace('Z', "+0000");
            jiff::Timestamp::strptime("%Y%m%dT%H%M%S%z", date).unwrap().as_second()
        };
        let dates: Vec<i64> = server.seen().iter().map(dated).collect();
        // An hour but for a second that was rounded; more on a slow machine.
        assert!((3_590..7_000).contains(&(dates[1] - dates[0])), "{dates:?}");
        assert!((0..1_800).contains(&(dates[2] - dates[1])), "{dates:?}");
        // With a clock that is right the same refusal is one.
        assert_eq!(ending(vec![says(403, &refusal("SignatureDoesNotMatch"))], change), ("refused", 1));
    }

    #[test]
    fn pages_are_one_answer_with_all_ids() {
        let page = |accounts: &str, more: &str| {
            Act::Answer(
                200,
                "x-amzn-RequestId: r\r\n".to_owned(),
                format!("{{\"Accounts\":[{accounts}]{more}}}"),
            )
        };
        let server = Server::start(vec![
            page("{\"Id\":\"1\"}", ",\"NextToken\":\"a\""),
            page("", ",\"NextToken\":\"b\""),
            page("{\"Id\":\"2\",\"JoinedTimestamp\":1735787045.5}", ""),
        ]);
        let reply = api(&server.url).all("organizations", "ListAccounts", &json!({})).unwrap();
        let expected = json!({"Accounts": [{"Id": "1"}, {"Id": "2", "JoinedTimestamp": "2025-01-02T03:04:05.500000+00:00"}]});
        assert_eq!((reply.value, reply.pages, reply.request_ids.len()), (expected, 3, 3));
        assert!(server.seen()[2].contains("\"NextToken\":\"b\""));
        // Half an answer is none.
        let server = Server::start(vec![
            page("{\"Id\":\"1\"}", ",\"NextToken\":\"a\""),
            says(400, "{\"__type\":\"AccessDeniedException\"}"),
        ]);
        let error = api(&server.url).all("organizations", "ListAccounts", &json!({})).unwrap_err();
        assert!(error.is_denied(), "{error}");
    }

    #[test]
    fn nothing_secret_is_told() {
        let server = Server::start(vec![Act::Hangs]);
        let api = api(&server.url);
        let error = change(&api).unwrap_err();
        for text in [format!("{error} {error:?} {}", error.hint()), format!("{api:?}")] {
            assert!(!text.contains("wJalrXUtnFEMI"), "{text}");
        }
    }
}
