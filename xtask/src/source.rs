//! Rust source as its tokens and items, with their places, and the items that only tests compile.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr as _;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// One file's source. A text that is no Rust has no tokens and no items.
pub(crate) struct Source {
    /// The tokens in their order, comments and documentation left out.
    pub(crate) tokens: Vec<Token>,
    /// The items, where the tokens are a file of them.
    pub(crate) syntax: Option<syn::File>,
    tests: Tests,
}

/// One token; a group is its two brackets and the tokens between them.
#[derive(Debug)]
pub(crate) struct Token {
    /// The place in the text, in bytes.
    pub(crate) place: Range<usize>,
    /// The lines it stands on, from 1.
    pub(crate) lines: RangeInclusive<usize>,
}

impl Source {
    /// Reads `text`.
    pub(crate) fn parse(text: &str) -> Self {
        let stream = TokenStream::from_str(text).unwrap_or_default();
        let mut tokens = Vec::new();
        flatten(stream.clone(), text, &mut tokens);
        let syntax = syn::parse2::<syn::File>(stream).ok();
        let mut tests = Tests::default();
        if let Some(file) = &syntax {
            tests.visit_file(file);
        }
        Self {
            tokens,
            syntax,
            tests,
        }
    }

    /// The names in `#[cfg(test)] mod name;`: modules in files of their own that only tests have.
    pub(crate) fn test_modules(&self) -> &[String] {
        &self.tests.modules
    }

    /// The lines of items that only tests compile.
    pub(crate) fn test_lines(&self) -> BTreeSet<usize> {
        self.tests.lines.iter().cloned().flatten().collect()
    }

    /// The lines with code outside of tests: neither blank nor comment alone.
    pub(crate) fn code_lines(&self) -> BTreeSet<usize> {
        let code = self.tokens.iter().flat_map(|token| token.lines.clone());
        let tests = self.test_lines();
        code.filter(|line| !tests.contains(line)).collect()
    }
}

fn flatten(stream: TokenStream, text: &str, tokens: &mut Vec<Token>) {
    for tree in stream {
        match tree {
            // The brackets of the attribute that a documentation comment stands for.
            TokenTree::Group(group) if Token::at(group.span(), text).is_none() => {}
            TokenTree::Group(group) => {
                tokens.extend(Token::at(group.span_open(), text));
                flatten(group.stream(), text, tokens);
                tokens.extend(Token::at(group.span_close(), text));
            }
            leaf => tokens.extend(Token::at(leaf.span(), text)),
        }
    }
}

impl Token {
    /// The token at `span`; none where a comment is, which documentation becomes an attribute at.
    fn at(span: Span, text: &str) -> Option<Self> {
        let place = span.byte_range();
        let token = text.get(place.clone())?;
        let is_comment = token.starts_with("//") || token.starts_with("/*");
        (!is_comment).then(|| Self {
            place,
            lines: span.start().line..=span.end().line,
        })
    }
}

/// The items that only tests compile.
#[derive(Default)]
struct Tests {
    lines: Vec<RangeInclusive<usize>>,
    modules: Vec<String>,
}

impl<'ast> Visit<'ast> for Tests {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !attributes(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
            return;
        }
        let span = item.span();
        self.lines.push(span.start().line..=span.end().line);
        if let syn::Item::Mod(module) = item
            && module.content.is_none()
        {
            self.modules.push(module.ident.to_string());
        }
    }
}

/// The attributes of an item.
pub(crate) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Union(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// True for `#[cfg(test)]`, `#[cfg(all(test, ..))]` and `#[test]`.
pub(crate) fn is_for_tests(attribute: &syn::Attribute) -> bool {
    if attribute.path().is_ident("test") {
        return true;
    }
    let syn::Meta::List(list) = &attribute.meta else {
        return false;
    };
    list.path.is_ident("cfg") && {
        let condition = list.tokens.to_string().replace(' ', "");
        condition == "test" || condition.starts_with("all(test,")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<&str> {
        let source = Source::parse(text);
        let places = source.tokens.into_iter().map(|token| token.place);
        places.map(|place| &text[place]).collect()
    }

    #[test]
    fn comments_and_documentation_are_no_tokens() {
        let text = "//! A.\n/// B\nfn f() { /* é */ g(\"// c\") } // d\n";
        let expected = ["fn", "f", "(", ")", "{", "g", "(", "\"// c\"", ")", "}"];
        assert_eq!(tokens(text), expected);
        assert_eq!(tokens("#[doc = \"x\"] mod a;").len(), 9);
        assert_eq!(tokens("a ) b"), [""; 0]);
    }

    #[test]
    fn code_lines_are_those_with_tokens_outside_of_tests() {
        let text = "//! Docs.\n\nfn f() {\n    // why\n    g(\"a\nb\");\n}\n\n\
                    #[cfg(test)]\nmod tests {\n    fn h() {}\n}\n";
        let source = Source::parse(text);
        assert_eq!(source.code_lines(), BTreeSet::from([3, 5, 6, 7]));
        assert_eq!(source.test_lines(), BTreeSet::from([9, 10, 11, 12]));
    }

    #[test]
    fn modules_of_tests_in_files_of_their_own_are_named() {
        let text = "#[cfg(test)]\nmod a;\nmod b;\n#[cfg(all(test, loom))]\nmod c;\n\
                    #[cfg(test)] mod d {}\n";
        assert_eq!(Source::parse(text).test_modules(), ["a", "c"]);
    }
}
