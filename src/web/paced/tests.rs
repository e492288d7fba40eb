use super::{Limits, Paced, Seat, Seats, Stream};
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{sleep, timeout};

const PACE: Limits = Limits {
    head: Duration::from_millis(400),
    stall: Duration::from_millis(600),
    connections: 3,
    per_network: 2,
    body_bytes: 0,
    body: Duration::from_secs(1),
    export_rows: 1,
};
/// Longer than any patience here.
const LONG: Duration = Duration::from_millis(1_200);

fn seat() -> Seat {
    Paced::new((), PACE, &[], &Seats::default()).seat(None).expect("a seat")
}

fn pair(room: usize) -> (Stream<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(room);
    (Stream::new(ours, seat(), PACE, false), theirs)
}

async fn read(stream: &mut Stream<DuplexStream>) -> std::io::Result<usize> {
    stream.read(&mut [0; 4096]).await
}

#[tokio::test]
async fn an_answer_that_is_quiet_learns_that_nobody_listens() {
    let (mut ours, mut theirs) = pair(4096);
    theirs.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    read(&mut ours).await.expect("a head");
    ours.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("answered");
    ours.flush().await.expect("somebody listens");
    drop(theirs);
    assert_eq!(read(&mut ours).await.expect("the end"), 0);
    assert_eq!(ours.flush().await.expect_err("nobody listens").kind(), ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn a_head_that_comes_drop_by_drop_is_waited_for_so_long_and_no_longer() {
    let (mut ours, mut theirs) = pair(4096);
    let dripping = tokio::spawn(async move {
        for _ in 0..200 {
            if theirs.write_all(b"x").await.is_err() {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    });
    let begun = Instant::now();
    let fault = loop {
        if let Err(fault) = read(&mut ours).await {
            break fault;
        }
    };
    assert_eq!(fault.kind(), ErrorKind::TimedOut);
    assert!((350..1_500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    drop(ours);
    dripping.await.expect("it ends");
    let (mut silent, _theirs) = pair(4096);
    assert!(timeout(LONG, read(&mut silent)).await.expect("let go").is_err(), "nor is one that says nothing at all");
}

#[tokio::test]
async fn a_slow_answer_and_a_rest_between_two_requests_are_nobodys_fault() {
    let (mut ours, mut theirs) = pair(4096);
    for _ in 0..2 {
        theirs.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        assert!(read(&mut ours).await.expect("read") > 0);
        assert!(timeout(LONG, read(&mut ours)).await.is_err(), "the handler works as long as it must");
        ours.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("answered");
        assert!(timeout(LONG, read(&mut ours)).await.is_err(), "the idle time is somebody else's");
    }
    theirs.write_all(b"GET / HT").await.expect("sent");
    assert!(read(&mut ours).await.expect("read") > 0);
    assert!(timeout(LONG, read(&mut ours)).await.expect("let go").is_err(), "half a request is not");
}

#[tokio::test]
async fn an_upload_that_was_told_to_continue_and_an_upgraded_connection_are_left_alone() {
    let (mut ours, mut theirs) = pair(4096);
    theirs.write_all(b"\r\nPOST / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n").await.expect("sent");
    assert!(read(&mut ours).await.expect("read") > 0);
    ours.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.expect("told");
    theirs.write_all(b"half a body").await.expect("sent");
    assert!(read(&mut ours).await.expect("read") > 0);
    assert!(timeout(LONG, read(&mut ours)).await.is_err());
    ours.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await.expect("told");
    theirs.write_all(b"a frame").await.expect("sent");
    assert!(read(&mut ours).await.expect("read") > 0);
    assert!(timeout(LONG, read(&mut ours)).await.is_err());
}

#[tokio::test]
async fn a_head_that_says_twice_how_long_it_is_ends_there() {
    for (headers, fine) in [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", false),
        ("transfer-encoding:chunked\r\nX: y\r\nCONTENT-LENGTH : 4", false),
        ("Content-Length: 4\r\nX: Transfer-Encoding", true),
        ("Transfer-Encoding: chunked", true),
    ] {
        let (mut ours, mut theirs) = pair(4096);
        theirs.write_all(format!("POST / HTTP/1.1\r\n{headers}\r\n\r\nContent-Length: 4\n").as_bytes()).await.expect("sent");
        assert_eq!(read(&mut ours).await.is_ok(), fine, "{headers}");
    }
}

#[tokio::test]
async fn an_answer_that_nobody_takes_ends_and_a_slow_reader_gets_theirs() {
    let (mut ours, theirs) = pair(1024);
    let begun = Instant::now();
    let fault = ours.write_all(&[0; 1 << 20]).await.expect_err("let go");
    assert_eq!(fault.kind(), ErrorKind::TimedOut);
    assert!((550..2_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    drop(theirs);
    let (mut ours, mut theirs) = pair(64 << 10);
    let slow = async move {
        let (mut taken, mut buffer) = (0, vec![0; 20 << 10]);
        while let Ok(count @ 1..) = theirs.read(&mut buffer).await {
            taken += count;
            sleep(Duration::from_millis(100)).await;
        }
        taken
    };
    let answering = async move { ours.write_all(&[0; 512 << 10]).await };
    let (answered, taken) = tokio::join!(answering, slow);
    answered.expect("much longer than the patience, but it moves on");
    assert_eq!(taken, 512 << 10);
}

#[tokio::test]
async fn http_2_comes_over_tls_or_not_at_all() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let (mut ours, mut theirs) = pair(4096);
    theirs.write_all(preface).await.expect("sent");
    assert_eq!(read(&mut ours).await.expect_err("refused").kind(), ErrorKind::Unsupported);
    let (ours, mut theirs) = duplex(4096);
    let mut ours = Stream::new(ours, seat(), PACE, true);
    theirs.write_all(preface).await.expect("sent");
    assert!(read(&mut ours).await.expect("read") > 0);
    assert!(timeout(LONG, read(&mut ours)).await.is_err());
    let (mut ours, mut theirs) = pair(4096);
    theirs.write_all(b"PRINT / HTTP/1.1\r\n\r\n").await.expect("sent");
    assert!(read(&mut ours).await.is_ok(), "a verb that looks a little like it");
}

#[test]
fn nobody_takes_all_the_seats() {
    let door = Paced::new((), PACE, &["10.0.0.0/8".parse().expect("a range")], &Seats::default());
    let ip = |text: &str| Some(text.parse().expect("an address"));
    let (one, two) = (door.seat(ip("203.0.113.1")), door.seat(ip("203.0.113.1")));
    assert!(one.is_some() && two.is_some());
    assert!(door.seat(ip("203.0.113.1")).is_none(), "two each");
    drop(one);
    let again = door.seat(ip("203.0.113.1"));
    assert!(again.is_some());
    let proxy = door.seat(ip("10.0.0.1"));
    assert!(proxy.is_some());
    assert!(door.seat(ip("10.0.0.1")).is_none(), "three in all");
    drop((two, again));
    let more = [door.seat(ip("10.0.0.1")), door.seat(ip("10.0.0.1"))];
    assert!(more.iter().all(Option::is_some), "a trusted proxy brings many");
}
