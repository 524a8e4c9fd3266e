//! A mail server that keeps what it is given: SMTP as RFC 5321 has it, with AUTH PLAIN, over real sockets.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use mailparse::{MailHeaderMap as _, ParsedMail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub(crate) const USERNAME: &str = "agentcores";
pub(crate) const PASSWORD: &str = "a-mail-password-0123";

/// How the server answers the next mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Says that it is busy.
    Busy,
    /// Says that there is no such person.
    NoSuchPerson,
    /// Takes the mail and hangs up without a word.
    HangsUp,
    /// Takes the mail and never says so.
    Silent,
}

/// A mail as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Caught {
    pub(crate) to: String,
    pub(crate) raw: Vec<u8>,
}

#[derive(Default)]
struct Kept {
    mails: Vec<Caught>,
    manners: VecDeque<Manner>,
    greeted: usize,
}

pub(crate) struct SmtpServer {
    pub(crate) address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    _serving: JoinSet<()>,
}

impl SmtpServer {
    pub(crate) async fn start() -> Self {
        Self::start_on("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn start_on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Mutex::new(Kept::default()));
        let mut serving = JoinSet::new();
        let all = kept.clone();
        serving.spawn(async move {
            let mut clients = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let kept = all.clone();
                clients.spawn(async move { serve(stream, kept).await.unwrap_or_default() });
            }
        });
        Self { address, kept, _serving: serving }
    }

    /// The flags of a service that sends here.
    pub(crate) fn flags(&self) -> Vec<String> {
        flags(self.address)
    }

    /// Answers the next mails so, one after the other; then it takes them.
    pub(crate) fn will(&self, manners: impl IntoIterator<Item = Manner>) {
        self.kept.lock().unwrap().manners.extend(manners);
    }

    pub(crate) fn mails(&self) -> Vec<Caught> {
        self.kept.lock().unwrap().mails.clone()
    }

    /// The only mail to an address, once it is there.
    pub(crate) async fn mail_to(&self, address: &str) -> Caught {
        let mails = self.mails_to(address, 1).await;
        mails[0].clone()
    }

    /// So many mails to an address, once they are there.
    pub(crate) async fn mails_to(&self, address: &str, count: usize) -> Vec<Caught> {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            let mails: Vec<Caught> = self.mails().into_iter().filter(|mail| mail.to == address).collect();
            assert!(mails.len() <= count, "{} mails to {address}", mails.len());
            if mails.len() == count {
                return mails;
            }
            assert!(Instant::now() < deadline, "{} of {count} mails to {address} within 40 s", mails.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The flags of a service that sends to a server at this address.
pub(crate) fn flags(address: SocketAddr) -> Vec<String> {
    vec![
        "--smtp-host=127.0.0.1".to_owned(),
        format!("--smtp-port={}", address.port()),
        format!("--smtp-username={USERNAME}"),
        format!("--smtp-password={PASSWORD}"),
        "--smtp-tls=none".to_owned(),
        "--mail-from=AgentCores <no-reply@agentcores.example>".to_owned(),
        "--public-url=https://agents.example".to_owned(),
    ]
}

impl Caught {
    pub(crate) fn header(&self, name: &str) -> String {
        let parsed = self.parsed();
        let values = parsed.headers.get_all_values(name);
        assert!(values.len() <= 1, "{name} twice: {values:?}");
        values.into_iter().next().unwrap_or_default()
    }

    /// The only address that readers see it go to.
    pub(crate) fn recipient(&self) -> String {
        let parsed = self.parsed();
        let header = parsed.headers.get_first_header("To").unwrap();
        mailparse::addrparse_header(header).unwrap().extract_single_info().unwrap().addr
    }

    /// The part of a type, decoded.
    pub(crate) fn part(&self, mimetype: &str) -> String {
        let parsed = self.parsed();
        let found: Vec<_> = parsed.parts().filter(|part| part.ctype.mimetype == mimetype).collect();
        assert_eq!(found.len(), 1, "one {mimetype}");
        found[0].get_body().unwrap()
    }

    /// The token of the link that both parts hold.
    pub(crate) fn token(&self) -> String {
        let text = self.part("text/plain");
        let link = text.split_whitespace().find(|word| word.contains("#token=")).unwrap();
        let html = self.part("text/html");
        assert!(html.contains(&format!("href=\"{link}\"")), "{html}");
        link.split_once("#token=").unwrap().1.to_owned()
    }

    fn parsed(&self) -> ParsedMail<'_> {
        mailparse::parse_mail(&self.raw).unwrap()
    }
}

async fn serve(stream: TcpStream, kept: Arc<Mutex<Kept>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    kept.lock().unwrap().greeted += 1;
    say(&mut stream, "220 catcher ESMTP").await?;
    let (mut signed_in, mut to) = (false, None);
    loop {
        let line = hear(&mut stream).await?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut stream, "250-catcher\r\n250-8BITMIME\r\n250 AUTH PLAIN").await?,
            "AUTH" => {
                let given = line.rsplit(' ').next().unwrap_or_default();
                let given = base64::engine::general_purpose::STANDARD.decode(given).unwrap_or_default();
                signed_in = given == format!("\0{USERNAME}\0{PASSWORD}").into_bytes();
                say(&mut stream, if signed_in { "235 welcome" } else { "535 who are you" }).await?;
            }
            "MAIL" if !signed_in => say(&mut stream, "530 sign in first").await?,
            "RCPT" => {
                let manner =
                    next_manner(&kept, |manner| matches!(manner, Manner::Busy | Manner::NoSuchPerson));
                match manner {
                    Some(Manner::Busy) => say(&mut stream, "451 try later").await?,
                    Some(_) => say(&mut stream, "550 no such person").await?,
                    None => {
                        to = line.split(['<', '>']).nth(1).map(str::to_owned);
                        say(&mut stream, "250 ok").await?;
                    }
                }
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let raw = text(&mut stream).await?;
                kept.lock().unwrap().mails.push(Caught { to: to.take().unwrap_or_default(), raw });
                match next_manner(&kept, |_| true) {
                    Some(Manner::HangsUp) => return Ok(()),
                    Some(_) => std::future::pending().await,
                    None => say(&mut stream, "250 taken").await?,
                }
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "250 ok").await?,
        }
    }
}

fn next_manner(kept: &Mutex<Kept>, fits: impl Fn(&Manner) -> bool) -> Option<Manner> {
    let mut kept = kept.lock().unwrap();
    if kept.manners.front().is_some_and(fits) { kept.manners.pop_front() } else { None }
}

/// The lines up to a single dot, with the dots taken away that were added on the way (RFC 5321, section 4.5.2).
async fn text(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut raw = vec![];
    loop {
        let line = hear(stream).await?;
        if line == "." {
            return Ok(raw);
        }
        raw.extend_from_slice(line.strip_prefix('.').unwrap_or(&line).as_bytes());
        raw.extend_from_slice(b"\r\n");
    }
}

async fn hear(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> std::io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await
}
