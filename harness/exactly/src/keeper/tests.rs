use super::folder::Folder;
use super::{Lease, Sharing};
use exactly_engine::supervisor::Executable;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// This test binary, started again for the test of that name.
fn this_test(name: &str) -> Executable {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", name, "--nocapture", "--include-ignored"];
    let arguments = arguments.map(String::from).to_vec();
    Executable::with_variable(program.to_str().unwrap(), arguments, "EXACTLY_ROLE")
}

fn sharing(root: &Path, linger_ms: u64) -> Sharing {
    Sharing {
        folder: root.join("shared"),
        cache: root.join("cache"),
        linger: Duration::from_millis(linger_ms),
    }
}

fn answers(address: &(String, u16)) -> bool {
    TcpStream::connect((address.0.as_str(), address.1)).is_ok()
}

/// Waits until nothing answers there any more.
fn is_gone(address: &(String, u16)) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    while answers(address) {
        if Instant::now() > end {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

#[test]
fn users_share_a_server_that_ends_after_the_last_of_them() {
    // Where this is a child of the test, it goes no further.
    let _ = crate::Pipeline::new("role");
    let root = tempfile::tempdir().unwrap();
    let sharing = sharing(root.path(), 200);
    let executable =
        this_test("keeper::tests::users_share_a_server_that_ends_after_the_last_of_them");
    let take = || Lease::take("kafka", &sharing, &executable).unwrap();
    let leases: Vec<Lease> = std::thread::scope(|scope| {
        let taking: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        taking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let address = leases[0].addresses()[0].clone();
    assert!(
        leases
            .iter()
            .all(|lease| lease.addresses() == [address.clone()])
    );
    assert!(answers(&address));
    // Somebody is still there: it has time enough to end, and must not.
    let mut leases = leases;
    leases.truncate(1);
    std::thread::sleep(4 * sharing.linger);
    assert!(answers(&address));
    drop(leases);
    assert!(is_gone(&address));
    // Whoever comes later gets another one.
    let later = take();
    assert!(answers(&later.addresses()[0]));
    let address = later.addresses()[0].clone();
    drop(later);
    assert!(is_gone(&address));
    // It took its folder along.
    assert!(!sharing.folder.exists());
}

#[test]
fn a_keeper_that_cannot_start_says_why() {
    let _ = crate::Pipeline::new("role");
    let root = tempfile::tempdir().unwrap();
    let executable = this_test("keeper::tests::a_keeper_that_cannot_start_says_why");
    let error = Lease::take("no-such-system", &sharing(root.path(), 200), &executable);
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("no adapter for a system of kind no-such-system"),
        "{error}"
    );
    assert!(error.contains("keeper.log"), "{error}");
}

#[test]
fn a_keeper_is_alive_as_long_as_its_lock_is_held() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::of(root.path(), "kafka").unwrap();
    assert!(!folder.is_kept().unwrap());
    let alive = folder.keeper().unwrap();
    alive.lock().unwrap();
    assert!(folder.is_kept().unwrap());
    // Another kind of system has another keeper.
    assert!(
        !Folder::of(root.path(), "postgres")
            .unwrap()
            .is_kept()
            .unwrap()
    );
    drop(alive);
    assert!(!folder.is_kept().unwrap());
}

/// What a child of the dead keeper's does between its fork and its exec.
#[test]
fn a_lock_that_lingers_for_a_moment_is_no_keeper() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::of(root.path(), "kafka").unwrap();
    let alive = folder.keeper().unwrap();
    alive.lock().unwrap();
    let lingering = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(8));
        drop(alive);
    });
    assert!(!folder.is_kept().unwrap());
    lingering.join().unwrap();
}

#[test]
fn addresses_are_there_between_announcing_and_withdrawing() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::of(root.path(), "kafka").unwrap();
    assert_eq!(folder.addresses(), None);
    let addresses = vec![("127.0.0.1".to_string(), 9092)];
    folder.announce(&addresses).unwrap();
    assert_eq!(folder.addresses(), Some(addresses));
    folder.withdraw();
    folder.withdraw();
    assert_eq!(folder.addresses(), None);
}

#[test]
fn a_folder_that_its_keeper_takes_along_is_made_anew() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().join("shared");
    let (folder, begin) = Folder::enter(&root, "kafka").unwrap();
    folder.remove(&begin);
    assert!(!root.exists());
    // Whoever waited for the lock of the old folder gets the one of the new.
    let (other, entered) = Folder::enter(&root, "kafka").unwrap();
    assert!(other.begin().unwrap().try_lock().is_err());
    drop(begin);
    assert!(other.begin().unwrap().try_lock().is_err());
    // Another system's folder keeps the one above.
    Folder::of(&root, "postgres").unwrap();
    other.remove(&entered);
    assert!(root.join("postgres").is_dir());
}

#[test]
fn what_is_no_list_of_addresses_is_none() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::of(root.path(), "kafka").unwrap();
    std::fs::write(folder.path().join("addresses.json"), "[[\"h\"").unwrap();
    assert_eq!(folder.addresses(), None);
}
