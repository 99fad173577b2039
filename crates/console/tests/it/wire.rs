//! A wire to a peer that can be cut, or stand still.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Duration, sleep},
};

const THROUGH: u8 = 0;
const CUT: u8 = 1;
const STILL: u8 = 2;

pub(crate) struct Wire {
    /// Where it begins, as in `127.0.0.1:4711`.
    pub(crate) address: String,
    way: Arc<AtomicU8>,
}

impl Wire {
    /// A wire to this address.
    pub(crate) async fn to(peer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (peer, way) = (peer.to_owned(), Arc::new(AtomicU8::new(THROUGH)));
        let theirs = Arc::clone(&way);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if let Ok(far) = TcpStream::connect(&peer).await {
                    let (near, far) = (near.into_split(), far.into_split());
                    tokio::spawn(carry(near.0, far.1, Arc::clone(&theirs)));
                    tokio::spawn(carry(far.0, near.1, Arc::clone(&theirs)));
                }
            }
        });
        Self { address, way }
    }

    /// Every connection breaks, and new ones too.
    pub(crate) fn cut(&self) {
        self.way.store(CUT, Ordering::SeqCst);
    }

    /// Nothing comes through any more, and nobody is told.
    pub(crate) fn stand_still(&self) {
        self.way.store(STILL, Ordering::SeqCst);
    }

    pub(crate) fn mend(&self) {
        self.way.store(THROUGH, Ordering::SeqCst);
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    way: Arc<AtomicU8>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let look = sleep(Duration::from_millis(20));
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            () = look => {
                if way.load(Ordering::SeqCst) == CUT {
                    return;
                }
                continue;
            }
        };
        while way.load(Ordering::SeqCst) == STILL {
            sleep(Duration::from_millis(20)).await;
        }
        if read == 0 || way.load(Ordering::SeqCst) == CUT || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
