use super::*;
use crate::image::fixture::Fixture;

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn places_seen(fixture: &Fixture, wanted: &Absent) -> Vec<(String, Option<u32>)> {
    let finding = check(&fixture.image(), wanted).unwrap();
    let seen = finding.observations.into_iter();
    seen.map(|seen| (seen.path.unwrap().to_str().unwrap().to_owned(), seen.line)).collect()
}

#[test]
fn a_file_counts_by_what_it_holds() {
    let fixture = Fixture::debian();
    let saying = Saying { files: texts(&["~/.x.json"]), forbid: texts(&["*\"auth\":*"]), ..Saying::default() };
    let wanted = Absent { holding: vec![saying], ..Absent::default() };
    fixture.file("/root/.x.json", "{\"auths\": {}}\n").fifo("/home/admin/.x.json");
    assert_eq!(places_seen(&fixture, &wanted), []);
    fixture.file("/root/.x.json", "{\n \"auth\": \"a\",\n \"auth\": \"b\"\n}\n");
    assert_eq!(places_seen(&fixture, &wanted), [("/root/.x.json".to_owned(), Some(2))]);
}

#[test]
fn lines_of_files_that_go_whole_are_not_told_twice() {
    let fixture = Fixture::debian();
    let saying = Saying { files: texts(&["/etc/a", "/etc/b"]), forbid: texts(&["k=*"]), ..Saying::default() };
    let wanted = Absent { paths: texts(&["/etc/a"]), lines: vec![saying], ..Absent::default() };
    fixture.file("/etc/a", "k=1\n").file("/etc/b", "x\nk=1\nk=2\n");
    let expected = [("/etc/a", None), ("/etc/b", Some(2)), ("/etc/b", Some(3))];
    assert_eq!(places_seen(&fixture, &wanted), expected.map(|(path, line)| (path.to_owned(), line)));
}

#[test]
fn what_a_package_brought_is_excused_under_its_other_names_too() {
    let fixture = Fixture::debian();
    // The MD5 digest of "abc\n".
    let conffile = "Package: a\nStatus: install ok installed\nVersion: 1\nConffiles:\n /etc/a.bak 0bee89b07a248e27c83fc3d5951213c1\n /etc/b 0bee89b07a248e27c83fc3d5951213c1\n";
    fixture.file("/var/lib/dpkg/status", conffile);
    fixture.file("/etc/a.bak", "abc\n").file("/etc/b.dpkg-dist", "abc\n").file("/etc/c.bak", "abc\n");
    let paths = texts(&["/etc/*.{bak,dpkg-dist}"]);
    let wanted = Absent { paths, shipped_is_fine: true, ..Absent::default() };
    assert_eq!(places_seen(&fixture, &wanted), [("/etc/c.bak".to_owned(), None)]);
    fixture.file("/etc/a.bak", "abc\nd\n").file("/etc/b.dpkg-dist", "abd\n");
    assert_eq!(places_seen(&fixture, &wanted).len(), 3);
    let strict = Absent { shipped_is_fine: false, ..wanted };
    fixture.file("/etc/a.bak", "abc\n");
    assert_eq!(places_seen(&fixture, &strict).len(), 3);
}

#[test]
fn a_file_that_cannot_be_read_is_not_passed_over() {
    let fixture = Fixture::debian();
    let saying = Saying { files: texts(&["/etc/big"]), forbid: texts(&["k=*"]), ..Saying::default() };
    let wanted = Absent { lines: vec![saying], ..Absent::default() };
    fixture.file("/etc/big", vec![b'x'; usize::try_from(crate::image::READ_LIMIT).unwrap() + 1]);
    assert!(check(&fixture.image(), &wanted).is_err());
    let wanted = Absent { paths: texts(&["/etc/big"]), shipped_is_fine: true, ..Absent::default() };
    assert_eq!(places_seen(&fixture, &wanted), [("/etc/big".to_owned(), None)]);
}
