// A plain load generator: kept-alive connections, one request at a time on each, bodies counted and thrown away.
import http from 'node:http';

/** Asks the server at `url` with `headers`, over at most `connections` kept-alive connections. */
export class Caller {
  constructor(url, { connections = 1, headers = {} } = {}) {
    this.url = new URL(url);
    this.headers = { 'accept-encoding': 'gzip, br', ...headers };
    this.agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    this.connections = connections;
  }

  /** One request: status, headers, milliseconds to the last byte, bytes of the body; the body itself where it is wanted. */
  ask(path, { method = 'GET', body, headers = {}, keep = false } = {}) {
    const begun = performance.now();
    return new Promise((resolve, reject) => {
      const request = http.request(new URL(path, this.url), { method, agent: this.agent, headers: { ...this.headers, ...headers } }, (answer) => {
        let bytes = 0;
        const chunks = [];
        answer.on('data', (chunk) => { bytes += chunk.length; if (keep) chunks.push(chunk); });
        answer.on('error', reject);
        answer.on('end', () => resolve({
          status: answer.statusCode,
          headers: answer.headers,
          head: answer.rawHeaders.reduce((sum, text) => sum + text.length + 2, 17),
          ms: performance.now() - begun,
          bytes,
          body: keep ? Buffer.concat(chunks) : undefined,
        }));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  /** The page as text. */
  async text(path) {
    const answer = await this.ask(path, { keep: true, headers: { 'accept-encoding': 'identity' } });
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
    return answer.body.toString();
  }

  /** `count` requests, one after the other on each connection; `path(n)` names the n-th. Anything but 200 ends the run. */
  async many(count, path) {
    const times = [];
    let next = 0;
    const begun = performance.now();
    const viewer = async () => {
      while (next < count) {
        const at = path(next++);
        const answer = await this.ask(at);
        if (answer.status !== 200) throw new Error(`${at} answered ${answer.status}`);
        times.push(answer.ms);
      }
    };
    await Promise.all(Array.from({ length: this.connections }, viewer));
    return { ...summary(times), seconds: (performance.now() - begun) / 1000 };
  }

  close() { this.agent.destroy(); }
}

/** Median and tail of a list of milliseconds. */
export function summary(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) };
}
