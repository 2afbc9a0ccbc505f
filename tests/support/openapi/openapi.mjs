// Holds answers of the service against docs/openapi.json: what is not declared there is a violation.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const Ajv = require('ajv/dist/2020').default;

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
export const descriptionPath = join(root, 'docs', 'openapi.json');
export const description = JSON.parse(readFileSync(descriptionPath, 'utf8'));

const ajv = new Ajv({ strict: false, allErrors: false });
ajv.addSchema(description, 'doc:openapi');

// Follows a $ref within the document; gives the object and the pointer to it.
function follow(object, pointer) {
    while (object.$ref) {
        pointer = object.$ref.slice(1);
        object = pointer
            .slice(1)
            .split('/')
            .reduce((at, name) => at[name.replaceAll('~1', '/').replaceAll('~0', '~')], description);
    }
    return { object, pointer };
}

const escape = (name) => name.replaceAll('~', '~0').replaceAll('/', '~1');
const compiled = new Map();

function schemaAt(pointer) {
    if (!compiled.has(pointer))
        compiled.set(pointer, ajv.compile({ $ref: `doc:openapi#${encodeURI(pointer)}` }));
    return compiled.get(pointer);
}

// The parameters of a path, by name.
const inPath = (path) =>
    new Map((description.paths[path].parameters ?? []).map((parameter) => [parameter.name, parameter]));

// What stands for a parameter: several segments, where declared so, are no path once they are too long.
const segments = ({ 'x-multi-segment': several, schema }) =>
    several ? `.{1,${schema.maxLength}}` : '[^/]+';

// Paths with fewer parameters first: what is named exactly goes before what is named by a template.
const templates = Object.keys(description.paths)
    .map((path) => {
        const parameters = inPath(path);
        const part = (_, name) => `(?<${name}>${segments(parameters.get(name))})`;
        return { path, parameters, pattern: new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, part)}$`) };
    })
    .sort((a, b) => a.parameters.size - b.parameters.size);

// A path made of a template and values for its parameters.
export const pathOf = (template, values) => template.replaceAll(/\{(\w+)\}/g, (_, name) => values[name]);

// Every answer that is declared: method, path, status, and for a problem its code.
export function declared() {
    const all = [];
    for (const [path, item] of Object.entries(description.paths))
        for (const [method, operation] of Object.entries(item)) {
            if (method === 'parameters')
                continue;
            for (const [status, response] of Object.entries(operation.responses))
                for (const code of codesOf(response))
                    all.push(nameOf(method, path, status, code));
        }
    return all;
}

export const nameOf = (method, path, status, code) =>
    `${method.toUpperCase()} ${path} ${status}${code ? ` ${code}` : ''}`;

function codesOf(response) {
    const problem = follow(response).object.content['application/problem+json'];
    if (!problem)
        return [''];
    return (problem.schema.oneOf ?? [problem.schema]).map(
        (schema) => follow(schema).object.properties.code.const,
    );
}

// The answers to what the description does not list.
const anywhere = ['bad-request', 'deadline', 'rate-limited', 'unavailable'];
const unlisted = ['not-found', ...anywhere];
const otherMethod = ['method-not-allowed', 'bad-id', ...anywhere];

function problemAnywhere(codes, reply) {
    const code = reply.body?.code;
    if (!codes.includes(code))
        return `${reply.status} ${code} is not among ${codes.join(', ')}`;
    const check = schemaAt(`/components/schemas/problem-${code}`);
    return check(reply.body) ? null : ajv.errorsText(check.errors);
}

// libmicrohttpd answers these by itself, in HTML, and closes: see docs/operations.md.
const byLibrary = (reply) =>
    [400, 413, 414, 431, 505].includes(reply.status) &&
    reply.headers['x-request-id'] === undefined &&
    /<html>/i.test(reply.text);

function checkHeaders(response, pointer, reply) {
    for (const [name, declaredHeader] of Object.entries(response.headers ?? {})) {
        const { object, pointer: at } = follow(declaredHeader, `${pointer}/headers/${escape(name)}`);
        const value = reply.headers[name.toLowerCase()];
        if (value === undefined) {
            if (object.required)
                return `the header ${name} is missing`;
            continue;
        }
        const check = schemaAt(`${at}/schema`);
        if (!check(value))
            return `the header ${name}: ${ajv.errorsText(check.errors)}`;
    }
    return null;
}

// What schemas are held against, by type: the value that the bytes stand for.
const contents = {
    'application/json': (reply) => reply.body,
    'application/problem+json': (reply) => reply.body,
    'application/x-ndjson': (reply) => linesOf(reply.text),
    'text/plain': (reply) => reply.text,
    'application/octet-stream': (reply) => reply.bytes.toString('latin1'), // a character for each byte
    ...Object.fromEntries(['text/html', 'text/javascript', 'text/css', 'image/svg+xml']
        .map((type) => [type, (reply) => reply.bytes.toString('latin1')])),
};

// The values of lines, each ended by LF; null where it is not so.
function linesOf(text) {
    const lines = text.split('\n');
    if (lines.pop() !== '')
        return null;
    try {
        return lines.map((line) => JSON.parse(line));
    } catch {
        return null;
    }
}

function checkBody(response, pointer, reply, head) {
    const type = reply.headers['content-type']?.split(';')[0];
    if (!response.content[type])
        return `the type ${type} is not declared for ${reply.status}`;
    if (head)
        return reply.text === '' ? null : 'HEAD was answered with a body';
    const check = schemaAt(`${pointer}/content/${escape(type)}/schema`);
    if (!contents[type])
        return `the type ${type} cannot be judged`;
    const said = `in ${reply.text.slice(0, 300)}`;
    return check(contents[type](reply)) ? null : `${ajv.errorsText(check.errors)} ${said}`;
}

// Judges an answer. request: { method, path, body } or null where none could be read; reply: as
// parseAnswer gives it, with the body's bytes. Returns { violation: text or null, name: the declared
// answer or null }.
export function judge(request, reply) {
    if (byLibrary(reply))
        return { violation: null, name: null };
    if (!request)
        return { violation: problemAnywhere([...unlisted, 'too-large', 'media-type'], reply), name: null };
    const template = templates.find(({ pattern }) => pattern.test(request.path));
    if (!template)
        return { violation: problemAnywhere(unlisted, { ...reply }), name: null };
    const method = request.method === 'HEAD' ? 'get' : request.method.toLowerCase();
    const operation = description.paths[template.path][method];
    if (!operation)
        return {
            violation: request.method === 'HEAD' ? null : problemAnywhere(otherMethod, reply),
            name: null,
        };
    const base = `/paths/${escape(template.path)}/${method}/responses/${reply.status}`;
    const response = operation.responses[reply.status];
    if (!response)
        return { violation: `${reply.status} is not declared`, name: null };
    const { object, pointer } = follow(response, base);
    const violation =
        checkHeaders(object, pointer, reply) ??
        checkBody(object, pointer, reply, request.method === 'HEAD') ??
        checkRequest(operation, template, method, request, reply);
    const name = nameOf(method, template.path, reply.status, reply.status >= 400 ? reply.body?.code : '');
    return { violation, name };
}

// What the service accepted must be what the description lets in.
function checkRequest(operation, { path, pattern, parameters }, method, request, reply) {
    if (reply.status >= 300)
        return null;
    const values = pattern.exec(request.path).groups ?? {};
    for (const [i, name] of [...parameters.keys()].entries()) {
        const check = schemaAt(`/paths/${escape(path)}/parameters/${i}/schema`);
        const number = parameters.get(name).schema.type === 'integer';
        if (!check(number ? Number(values[name]) : values[name]))
            return `accepted though ${name}: ${ajv.errorsText(check.errors)}`;
    }
    if (!operation.requestBody)
        return null;
    const check = schemaAt(`/paths/${escape(path)}/${method}/requestBody/content/application~1json/schema`);
    return check(request.body) ? null : `accepted though ${ajv.errorsText(check.errors)}`;
}
