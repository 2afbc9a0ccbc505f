// Circles of a directed graph: its strongly connected components of more than one node (Tarjan,
// "Depth-first search and linear graph algorithms", 1972).

// graph: a Map from a name to the names that it leads to. Returns the circles, each sorted.
export function cycles(graph) {
    const found = [];
    const number = new Map();
    const low = new Map();
    const stack = [];
    const visit = (node) => {
        number.set(node, number.size);
        low.set(node, number.get(node));
        stack.push(node);
        for (const next of graph.get(node) ?? []) {
            if (!number.has(next))
                visit(next);
            if (stack.includes(next))
                low.set(node, Math.min(low.get(node), low.get(next)));
        }
        if (low.get(node) !== number.get(node))
            return;
        const circle = stack.splice(stack.indexOf(node));
        if (circle.length > 1)
            found.push(circle.sort());
    };
    for (const node of graph.keys())
        if (!number.has(node))
            visit(node);
    return found.sort();
}
