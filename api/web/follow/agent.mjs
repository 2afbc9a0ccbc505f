// A User-Agent in a few words, where it is just that of a browser that everybody has. Anything that
// is not wholly known is shown as it was sent: what is odd about it is what the sender should see.

const browsers = [
    [/\bEdg(?:A|iOS)?\/(\d+)/, 'Edge'],
    [/\bOPR\/(\d+)/, 'Opera'],
    [/\bSamsungBrowser\/(\d+)/, 'Samsung Internet'],
    [/\b(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
    [/\b(?:Chrome|CriOS)\/(\d+)/, 'Chrome'],
    [/\bVersion\/(\d+)/, 'Safari'],
];
const systems = [
    [/\biPhone\b/, 'iPhone'],
    [/\biPad\b/, 'iPad'],
    [/\bAndroid\b/, 'Android'],
    [/\bWindows NT\b/, 'Windows'],
    [/\bMacintosh\b/, 'Mac'],
    [/\bCrOS\b/, 'ChromeOS'],
    [/\bLinux\b/, 'Linux'],
];
const usual = new RegExp('^(?:Mozilla|AppleWebKit|Gecko|Chrome|CriOS|Safari|Version|Mobile|Firefox'
    + '|FxiOS|Edg|EdgA|EdgiOS|OPR|SamsungBrowser)(?:/[\\w.]+)?$');

const keptMax = 127; // the service cuts off what is longer

export function agentName(agent) {
    const whole = agent.length < keptMax ? agent : agent.slice(0, agent.lastIndexOf(' '));
    const [, platform, rest] = /^Mozilla\/5\.0 \(([^()]*)\)(.*)$/.exec(whole) ?? [];
    const products = rest?.replace('(KHTML, like Gecko)', '').split(' ').filter(Boolean) ?? [];
    const browser = browsers.find(([pattern]) => pattern.test(rest ?? ''));
    const system = systems.find(([pattern]) => pattern.test(platform ?? ''));
    if (!browser || !system || /compatible|\+http/.test(platform)
        || !products.every((product) => usual.test(product)))
        return agent;
    return `${browser[1]} ${browser[0].exec(rest)[1]}, ${system[1]}`;
}
