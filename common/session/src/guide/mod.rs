#![doc = include_str!("rustdoc-links.md")]
#![doc = include_str!("README.md")]
//
// Each page of the guide is a module without items. `rustdoc-links.md` stands in front of each page, because a link label
// keeps its first definition: there a link leads to rustdoc's pages, and on a code host to files. The code blocks are
// excerpts, which tests/guide compares with the programs. So rustdoc collects no doctests here.

/// Declares the page of a chapter: its text, and the program that the text quotes.
macro_rules! chapter {
    ($module:ident, $text:literal, $program:literal) => {
        #[cfg(not(doctest))]
        #[doc = include_str!("rustdoc-links.md")]
        #[doc = include_str!($text)]
        #[doc = "\n# The whole program\n\n```rust"]
        #[doc = include_str!($program)]
        #[doc = "```"]
        pub mod $module {}
    };
}

/// Declares a page of reference.
macro_rules! page {
    ($module:ident, $text:literal) => {
        #[cfg(not(doctest))]
        #[doc = include_str!("rustdoc-links.md")]
        #[doc = include_str!($text)]
        pub mod $module {}
    };
}

chapter!(chapter_01, "01-what-rustls-is.md", "steps/01.rs");
chapter!(chapter_02, "02-by-hand.md", "steps/02.rs");
chapter!(chapter_03, "03-non-blocking.md", "steps/03.rs");
chapter!(chapter_04, "04-mio.md", "steps/04.rs");
chapter!(chapter_05, "05-the-end.md", "steps/05.rs");
chapter!(chapter_06, "06-backpressure.md", "steps/06.rs");
chapter!(chapter_07, "07-time.md", "steps/07.rs");
chapter!(chapter_08, "08-many-sessions.md", "steps/08.rs");
chapter!(chapter_09, "09-turn.md", "steps/09.rs");
chapter!(chapter_10, "10-beyond.md", "steps/10.rs");

page!(contract, "contract.md");
page!(symptoms, "symptoms.md");
page!(traps, "traps.md");
