//! The drawn path: people, what gives them a role, roles, accounts. Columns of boxes with lines between, laid out
//! here and drawn as SVG by the page, so that it needs no script.

use std::collections::BTreeMap;

/// Boxes of a column that are drawn; the list below the picture has all of them.
const MOST: usize = 24;
const WIDTH: u32 = 210;
const HEIGHT: u32 = 26;
const GAP: u32 = 8;
const BETWEEN: u32 = 70;
/// Room for the headings.
const TOP: u32 = 26;
/// Characters that fit into a box.
const FITS: usize = 27;

/// The columns, from left to right.
pub(crate) const COLUMNS: [&str; 4] = ["People", "Through", "Roles", "AWS accounts"];

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Text, cut to the box.
    pub(crate) text: String,
    /// Whole text.
    pub(crate) title: String,
    /// Where it leads; empty for nowhere.
    pub(crate) href: String,
    pub(crate) x: u32,
    pub(crate) y: u32,
    /// Nothing in force leads through it.
    pub(crate) faint: bool,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edge {
    /// SVG path.
    pub(crate) d: String,
    /// It confers nothing now.
    pub(crate) stopped: bool,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) heads: Vec<(u32, String)>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Boxes that found no room.
    pub(crate) left_out: usize,
}

/// A box before it has a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    /// What makes it this box and no other.
    pub(crate) key: String,
    pub(crate) text: String,
    pub(crate) href: String,
}

/// One way from a person to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) stops: [Stop; 4],
    pub(crate) in_force: bool,
}

impl Graph {
    /// Lays ways out. Boxes stand in the order in which they first come.
    pub(crate) fn of(routes: &[Route]) -> Self {
        let mut places: [BTreeMap<&str, usize>; 4] = Default::default();
        let mut columns: [Vec<(&Stop, bool)>; 4] = Default::default();
        let mut left_out = 0;
        for route in routes {
            for ((places, column), stop) in places.iter_mut().zip(&mut columns).zip(&route.stops) {
                if let Some(at) = places.get(stop.key.as_str()) {
                    if let Some((_, faint)) = column.get_mut(*at) {
                        *faint &= !route.in_force;
                    }
                } else if column.len() < MOST {
                    places.insert(&stop.key, column.len());
                    column.push((stop, !route.in_force));
                } else {
                    places.insert(&stop.key, usize::MAX);
                    left_out += 1;
                }
            }
        }
        let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
        let height = TOP + rows(tallest);
        let y = |column: usize, at: usize| {
            let own = columns.get(column).map_or(0, Vec::len);
            TOP + (rows(tallest) - rows(own)) / 2 + number(at) * (HEIGHT + GAP)
        };
        let mut edges: BTreeMap<(usize, usize, usize), bool> = BTreeMap::new();
        for route in routes {
            for column in 0..3 {
                let at = |column: usize| {
                    let key = route.stops.get(column).map(|stop| stop.key.as_str())?;
                    places.get(column)?.get(key).copied().filter(|at| *at != usize::MAX)
                };
                if let (Some(from), Some(to)) = (at(column), at(column + 1)) {
                    *edges.entry((column, from, to)).or_insert(true) &= !route.in_force;
                }
            }
        }
        let edges = edges
            .into_iter()
            .map(|((column, from, to), stopped)| {
                let (x1, y1) = (left(column) + WIDTH, y(column, from) + HEIGHT / 2);
                let (x2, y2) = (left(column + 1), y(column + 1, to) + HEIGHT / 2);
                let middle = u32::midpoint(x1, x2);
                Edge { d: format!("M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"), stopped }
            })
            .collect();
        let mut nodes = Vec::new();
        for (column, stops) in columns.iter().enumerate() {
            for (at, (stop, faint)) in stops.iter().enumerate() {
                nodes.push(Node {
                    text: cut(&stop.text),
                    title: stop.text.clone(),
                    href: stop.href.clone(),
                    x: left(column),
                    y: y(column, at),
                    faint: *faint,
                });
            }
        }
        let heads = COLUMNS.iter().enumerate().map(|(at, name)| (left(at), (*name).to_owned())).collect();
        Self { nodes, edges, heads, width: left(3) + WIDTH, height, left_out }
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn left(column: usize) -> u32 {
    number(column) * (WIDTH + BETWEEN)
}

fn rows(count: usize) -> u32 {
    number(count) * (HEIGHT + GAP)
}

fn cut(text: &str) -> String {
    if text.chars().count() <= FITS {
        return text.to_owned();
    }
    text.chars().take(FITS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(stops: [&str; 4], in_force: bool) -> Route {
        let stop = |text: &str| Stop { key: text.to_owned(), text: text.to_owned(), href: String::new() };
        Route { stops: stops.map(stop), in_force }
    }

    #[test]
    fn a_box_stands_once_and_is_faint_when_nothing_in_force_leads_through_it() {
        let graph = Graph::of(&[
            route(["ann", "g1", "Admin", "1"], true),
            route(["ann", "g2", "Admin", "1"], false),
            route(["bob", "g1", "Admin", "1"], true),
        ]);
        let texts: Vec<(&str, bool)> =
            graph.nodes.iter().map(|node| (node.text.as_str(), node.faint)).collect();
        assert_eq!(
            texts,
            [("ann", false), ("bob", false), ("g1", false), ("g2", true), ("Admin", false), ("1", false)]
        );
        // ann to both groups, bob to one, both groups to the role, the role to the account.
        assert_eq!(graph.edges.len(), 6);
        assert_eq!(graph.edges.iter().filter(|edge| edge.stopped).count(), 2);
        assert_eq!(graph.left_out, 0);
    }

    #[test]
    fn what_finds_no_room_is_counted_and_has_no_lines() {
        let names: Vec<String> = (0..40).map(|n| format!("person-{n}")).collect();
        let routes: Vec<Route> =
            names.iter().map(|name| route([name, "own assignment", "Ops", "1"], true)).collect();
        let graph = Graph::of(&routes);
        assert_eq!((graph.nodes.len(), graph.left_out), (MOST + 3, 40 - MOST));
        assert_eq!(graph.edges.len(), MOST + 2);
        let long = route(["a-very-long-login-that-does-not-fit@acme.test", "g", "r", "1"], true);
        let drawn = Graph::of(&[long]);
        assert!(drawn.nodes[0].text.ends_with('…') && drawn.nodes[0].title.ends_with("@acme.test"));
    }
}
