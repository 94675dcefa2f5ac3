//! Pages as pictures and as PDF, by a Chromium that is on this machine.
//!
//! What is shown is ours: a page with escaped words, no scripts and no addresses to load from. The browser is kept from the
//! network all the same, and gets a profile of its own, which is gone afterwards with everything that it wrote.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// Names under which one may be on the path, the plainest first.
const NAMES: [&str; 8] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
];

/// Where macOS has them.
const APPS: [&str; 3] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
];

/// A page takes a second or two; on a busy machine some more.
const LOOKS: u32 = 600;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A page taller than this is cut: more than a browser paints into one picture.
const TALLEST: u32 = 16_000;

/// Why there is no picture and no PDF.
#[derive(Debug, thiserror::Error)]
pub enum ChromiumError {
    #[error(
        "a picture or a PDF is drawn by Chromium, Chrome or Edge, and none is found: install one, or set TOCSIN_CHROMIUM to its program"
    )]
    None,
    #[error("TOCSIN_CHROMIUM is set to {}, where no program is", .0.display())]
    NotThere(PathBuf),
    #[error("{} cannot be run: {error}", .program.display())]
    NotRun { program: PathBuf, error: std::io::Error },
    #[error("{} was not done after a minute, and was ended", .0.display())]
    TooLong(PathBuf),
    #[error(
        "{} drew nothing ({status}): {said}\nIn a container without user namespaces, set TOCSIN_CHROMIUM to a script that adds --no-sandbox; one that came as a snap reads only your home folder: set TMPDIR to a folder there", .program.display()
    )]
    Nothing { program: PathBuf, status: ExitStatus, said: String },
    #[error("no folder for passing files: {0}")]
    Folder(std::io::Error),
}

/// On what a page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Screen {
    /// 390 points wide, two pixels a point
    Phone,
    /// 800 points wide
    Desk,
}

impl Screen {
    fn width(self) -> u32 {
        match self {
            Screen::Phone => 390,
            Screen::Desk => 800,
        }
    }

    fn pixels_a_point(self) -> u32 {
        match self {
            Screen::Phone => 2,
            Screen::Desk => 1,
        }
    }
}

/// A program that draws pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chromium {
    program: PathBuf,
    /// How often it is looked whether it is done.
    looks: u32,
}

impl Chromium {
    fn at(program: PathBuf) -> Self {
        Self { program, looks: LOOKS }
    }

    /// The one of the environment.
    ///
    /// # Errors
    /// Where it names none; none anywhere is no error.
    pub fn look() -> Result<Option<Self>, ChromiumError> {
        Self::find(env::var_os("TOCSIN_CHROMIUM"), env::var_os("PATH"), Path::is_file)
    }

    /// As [`Chromium::look`], where one is needed.
    ///
    /// # Errors
    /// Where there is none.
    pub fn required() -> Result<Self, ChromiumError> {
        Self::look()?.ok_or(ChromiumError::None)
    }

    fn find(
        set: Option<OsString>,
        path: Option<OsString>,
        is_program: impl Fn(&Path) -> bool,
    ) -> Result<Option<Self>, ChromiumError> {
        // What a person names is meant: another one in its place would only puzzle.
        if let Some(set) = set.filter(|set| !set.is_empty()).map(PathBuf::from) {
            return if is_program(&set) {
                Ok(Some(Self::at(set)))
            } else {
                Err(ChromiumError::NotThere(set))
            };
        }
        let folders: Vec<PathBuf> = path.iter().flat_map(env::split_paths).collect();
        let named = |name: &str| {
            let file = format!("{name}{}", env::consts::EXE_SUFFIX);
            folders.iter().map(|folder| folder.join(&file)).collect::<Vec<_>>()
        };
        let mut places = NAMES.iter().copied().flat_map(named).chain(APPS.map(PathBuf::from));
        Ok(places.find(|place| is_program(place)).map(Self::at))
    }

    /// The page on sheets of paper, as the page itself says.
    ///
    /// # Errors
    /// Where the browser does not run, or draws nothing.
    pub fn pdf(&self, page: &str) -> Result<Vec<u8>, ChromiumError> {
        let run = Run::new(page)?;
        let drawn = run.file("page.pdf");
        let to = with("--print-to-pdf=", &drawn);
        self.run(&run, &["--no-pdf-header-footer".into(), to])?.file(&drawn)
    }

    /// The whole page as somebody sees it on a screen, as PNG. It is looked at twice: for its height, and then as high.
    ///
    /// # Errors
    /// As [`Chromium::pdf`].
    pub fn png(&self, page: &str, screen: Screen) -> Result<Vec<u8>, ChromiumError> {
        let run = Run::new(&framed(page, screen.width()))?;
        let measured = self.run(&run, &["--dump-dom".into(), window(screen.width(), 800)])?;
        let height = height_of(&measured.stdout()).ok_or_else(|| measured.nothing())?;
        let drawn = run.file("page.png");
        let scale = format!("--force-device-scale-factor={}", screen.pixels_a_point());
        let height = height.min(TALLEST / screen.pixels_a_point());
        let options = [
            with("--screenshot=", &drawn),
            "--hide-scrollbars".into(),
            scale.into(),
            window(screen.width(), height),
        ];
        self.run(&run, &options)?.file(&drawn)
    }

    fn run<'a>(&'a self, run: &'a Run, options: &[OsString]) -> Result<Ran<'a>, ChromiumError> {
        let program = || self.program.clone();
        let not_run = |error| ChromiumError::NotRun { program: program(), error };
        let out = File::create(run.file("out")).map_err(ChromiumError::Folder)?;
        let said = File::create(run.file("said")).map_err(ChromiumError::Folder)?;
        let mut child = Command::new(&self.program)
            .args(arguments(&run.file("profile"), run.is_roots()))
            .args(options)
            .arg(run.file("page.html"))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(said)
            .spawn()
            .map_err(not_run)?;
        for _ in 0..self.looks {
            if let Some(status) = child.try_wait().map_err(not_run)? {
                return Ok(Ran { program: &self.program, run, status });
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        // It may have ended meanwhile: then there is nothing to end.
        let _ = child.kill();
        let _ = child.wait();
        Err(ChromiumError::TooLong(program()))
    }
}

/// A browser of its own for this one page: no window, no other profile, no network, not even for itself.
///
/// Its sandbox stays, but for root: as root it starts with none. What the sandbox would hold back does not come in: the page is
/// ours, and nothing is loaded.
fn arguments(profile: &Path, is_root: bool) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = [
        "--headless=new",
        "--disable-gpu",
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-dev-shm-usage",
        "--disable-sync",
        "--no-default-browser-check",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ]
    .map(OsString::from)
    .to_vec();
    arguments.push(with("--user-data-dir=", profile));
    if is_root {
        arguments.push("--no-sandbox".into());
    }
    arguments
}

fn with(option: &str, path: &Path) -> OsString {
    let mut option = OsString::from(option);
    option.push(path);
    option
}

fn window(width: u32, height: u32) -> OsString {
    format!("--window-size={width},{height}").into()
}

/// The page in a frame of just this width, and a word on its height: a window of a browser has a least width, which a phone is
/// below. No script of the page itself runs in the frame.
fn framed(page: &str, width: u32) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<style>\n\
         body {{ margin: 0; background: #ffffff; }} iframe {{ display: block; border: 0; width: {width}px; }}\n</style>\n</head>\n\
         <body>\n<iframe sandbox=\"allow-same-origin\" scrolling=\"no\" srcdoc=\"{page}\"></iframe>\n<script>\n\
         onload = () => {{\n  const frame = document.querySelector('iframe');\n\
           const height = frame.contentDocument.documentElement.scrollHeight;\n\
           frame.style.height = height + 'px';\n  document.documentElement.dataset.height = height;\n}};\n\
         </script>\n</body>\n</html>\n"
    )
}

/// What the frame's script wrote on the first element. Whatever stands in the page comes after it.
fn height_of(dom: &str) -> Option<u32> {
    let (_, after) = dom.split_once("<html data-height=\"")?;
    after.split_once('"')?.0.parse().ok()
}

/// A page and what a browser makes of it, in a folder that nobody else reads and that goes with this value.
struct Run(TempDir);

impl Run {
    fn new(page: &str) -> Result<Self, ChromiumError> {
        let folder = tempfile::tempdir().map_err(ChromiumError::Folder)?;
        let run = Self(folder);
        fs::write(run.file("page.html"), page).map_err(ChromiumError::Folder)?;
        Ok(run)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Whose the folder is that was just made, is who we are.
    #[cfg(unix)]
    fn is_roots(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(self.0.path()).is_ok_and(|folder| folder.uid() == 0)
    }

    #[cfg(not(unix))]
    fn is_roots(&self) -> bool {
        false
    }
}

/// A browser that has ended.
struct Ran<'a> {
    program: &'a Path,
    run: &'a Run,
    status: ExitStatus,
}

impl Ran<'_> {
    fn stdout(&self) -> String {
        fs::read(self.run.file("out"))
            .map(|out| String::from_utf8_lossy(&out).into_owned())
            .unwrap_or_default()
    }

    fn file(&self, drawn: &Path) -> Result<Vec<u8>, ChromiumError> {
        fs::read(drawn).ok().filter(|bytes| !bytes.is_empty()).ok_or_else(|| self.nothing())
    }

    /// With the last that the browser said: lines about itself, and none of the page.
    fn nothing(&self) -> ChromiumError {
        let said = fs::read(self.run.file("said")).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        let said = last.chars().filter(|sign| !sign.is_control()).take(300).collect();
        ChromiumError::Nothing { program: self.program.to_owned(), status: self.status, said }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn one_that_is_named_is_meant_and_else_the_first_on_the_path() {
        let there = |places: &'static [&'static str]| {
            move |place: &Path| places.iter().any(|there| Path::new(there) == place)
        };
        let path = || env::join_paths(["/one", "/two"]).ok();
        let on_disk = |name: &str| format!("{name}{}", env::consts::EXE_SUFFIX);
        let found = Chromium::find(None, path(), |place| {
            place == Path::new("/two").join(on_disk("chromium"))
                || place == Path::new("/one").join(on_disk("msedge"))
        });
        assert_eq!(found.unwrap(), Some(Chromium::at(Path::new("/two").join(on_disk("chromium")))));
        let named = |set: &str| Chromium::find(Some(set.into()), path(), there(&["/my own/chrome"]));
        assert_eq!(named("/my own/chrome").unwrap(), Some(Chromium::at("/my own/chrome".into())));
        assert!(named("/other").unwrap_err().to_string().contains("/other"));
        assert_eq!(named("").unwrap(), None);
        assert_eq!(Chromium::find(None, None, there(&[])).unwrap(), None);
        let app = Chromium::find(None, None, there(&[APPS[0]])).unwrap();
        assert_eq!(app, Some(Chromium::at(APPS[0].into())));
    }

    #[test]
    fn it_has_no_network_a_profile_of_its_own_and_a_sandbox_but_for_root() {
        let of = |is_root| arguments(Path::new("/folder/profile"), is_root);
        for wanted in
            ["--headless=new", "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=/folder/profile"]
        {
            assert!(of(false).contains(&wanted.into()) && of(true).contains(&wanted.into()), "{wanted}");
        }
        assert!(!of(false).contains(&"--no-sandbox".into()) && of(true).contains(&"--no-sandbox".into()));
    }

    #[test]
    fn a_page_stays_in_its_frame_and_does_not_say_its_own_height() {
        let framed = framed("<p title=\"&quot;\">\"></iframe><html data-height=\"9\"></p>", 390);
        assert!(framed.contains("srcdoc=\"<p title=&quot;&amp;quot;&quot;>&quot;></iframe>"), "{framed}");
        let dom = "<!DOCTYPE html>\n<html data-height=\"3120\"><head></head><iframe srcdoc=\"<html data-height=&quot;9&quot;\">";
        assert_eq!(height_of(dom), Some(3120));
        assert_eq!(height_of("<html><p>"), None);
    }

    /// Where no Chromium is on this machine, what it draws cannot be looked at.
    fn chromium() -> Option<Chromium> {
        let found = Chromium::look().unwrap();
        if found.is_none() {
            eprintln!("skipped: no Chromium on this machine");
        }
        found
    }

    #[test]
    fn a_page_is_drawn_whole_and_nothing_is_loaded() {
        let Some(chromium) = chromium() else { return };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let page = |height: u32| {
            format!(
                "<!DOCTYPE html><meta charset=\"utf-8\"><style>body {{ margin: 0; }}</style>\
                 <img src=\"http://127.0.0.1:{port}/a\"><div style=\"height: {height}px\">\u{e4} words</div>\
                 <script>document.querySelector('div').style.height = '9000px'</script>"
            )
        };
        for (screen, width) in [(Screen::Phone, 780), (Screen::Desk, 800)] {
            let png = chromium.png(&page(3000), screen).unwrap();
            assert_eq!(png.get(..8), Some(&b"\x89PNG\r\n\x1a\n"[..]));
            let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
            assert_eq!(side(16), width);
            let height = side(20) / screen.pixels_a_point();
            assert!((3000..3100).contains(&height), "{screen:?}: {height}");
        }
        let pdf = chromium.pdf(&page(3000)).unwrap();
        assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 1000);
        assert_eq!(listener.accept().map(|_| ()).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_draws_nothing_is_told_of_with_its_last_words() {
        let nothing = Chromium::at("/bin/false".into());
        assert!(matches!(nothing.pdf("<p>"), Err(ChromiumError::Nothing { .. })));
        let missing = Chromium::at("/no/such/program".into());
        let error = missing.png("<p>", Screen::Desk).unwrap_err();
        assert!(error.to_string().contains("/no/such/program cannot be run"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_does_not_come_to_an_end_is_ended() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("sleeper");
        fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let sleeper = Chromium { program, looks: 3 };
        // Another test's child may hold the file that was just written, for a moment.
        let is_held = |error: &ChromiumError| matches!(error, ChromiumError::NotRun { error, .. } if error.kind() == ErrorKind::ExecutableFileBusy);
        let mut error = sleeper.pdf("<p>").unwrap_err();
        while is_held(&error) {
            error = sleeper.pdf("<p>").unwrap_err();
        }
        assert!(matches!(error, ChromiumError::TooLong(_)), "{error}");
    }
}
