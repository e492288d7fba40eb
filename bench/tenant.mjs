// The tenant's files: one dashboard of 24 panels, twelve of them lines of 1,440 points.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { METRICS } from './database.mjs';

export const PANELS = 24;

/** Writes the tenants folder into `folder`. JSON is YAML too. */
export async function write(folder) {
  const home = join(folder, 'bench');
  await mkdir(join(home, 'dashboards'), { recursive: true });
  await mkdir(join(home, 'panels'), { recursive: true });
  const put = (path, content) => writeFile(join(home, path), JSON.stringify(content, null, 2));
  await put('tenant.yaml', { tenant: { name: 'Bench', timezone: 'Europe/Berlin', datastore: { kind: 'postgres', url: { env: 'BENCH_TENANT_DATABASE' }, schema: 'public' } } });
  const placed = all();
  for (const { id, panel } of placed) await put(`panels/${id}.yaml`, { panel });
  const panels = placed.map(({ id, position }) => ({ id, config_file: `panels/${id}.yaml`, position }));
  await put('dashboards/default.yaml', { dashboard: { name: 'Twenty-four', refresh_interval: 60, panels } });
}

function all() {
  const lines = METRICS.map((metric, at) => ({ id: `line_${metric}`, panel: line(metric), position: { row: 1 + 2 * Math.floor(at / 3), col: 1 + 4 * (at % 3), width: 4, height: 2 } }));
  const numbers = METRICS.slice(0, 6).map((metric, at) => ({ id: `now_${metric}`, panel: number(metric), position: { row: 9, col: 1 + 2 * at, width: 2, height: 1 } }));
  const health = [0, 2].map((status, at) => ({ id: `health_${status}`, panel: checks(status), position: { row: 10, col: 1 + 6 * at, width: 6, height: 3 } }));
  const rows = tables().map((panel, at) => ({ id: `rows_${at}`, panel, position: { row: 13 + 3 * Math.floor(at / 2), col: 1 + 6 * (at % 2), width: 6, height: 3 } }));
  return [...lines, ...numbers, ...health, ...rows];
}

const metrics = { table: 'metrics', columns: { timestamp: 'recorded_at', value: 'value' } };

function line(metric) {
  return { type: 'timeseries', title: `${metric} by minute`, data_source: metrics, query: { where: `metric = '${metric}'` }, display: { unit: 'percent', fill_area: true } };
}

function number(metric) {
  return { type: 'kpi', title: `${metric} now`, data_source: { ...metrics, query: `metric = '${metric}'` }, aggregate: 'avg', trend: {}, display: { unit: 'percent', decimals: 1 } };
}

function checks(status) {
  const mapping = { 0: { color: '#10B981', label: 'Healthy' }, 1: { color: '#F59E0B', label: 'Degraded' }, 2: { color: '#EF4444', label: 'Down' } };
  const columns = { service_name: 'name', status_value: 'status', timestamp: 'checked_at', error_message: 'error' };
  const where = status === 0 ? "name <> 'service-20'" : "name IN ('service-1', 'service-2', 'service-3', 'service-4')";
  return { type: 'health_status', title: status === 0 ? 'All services' : 'The four that matter', data_source: { table: 'checks', columns }, query: { where }, display: { status_mapping: mapping } };
}

function tables() {
  const table = (title, name, columns, query, display) => ({ type: 'table', title, data_source: { table: name, columns, query }, display });
  const time = { name: 'happened_at', display: 'Time', format: 'datetime' };
  const errors = [time, { name: 'service', display: 'Service' }, { name: 'message', display: 'Error' }, { name: 'count', display: 'Count', format: 'number' }];
  return [
    table('Critical errors', 'errors', errors, { where: "severity = 'CRITICAL'", order_by: 'happened_at DESC' }, { pagination: 25, search: true }),
    table('Worst errors', 'errors', errors, { order_by: 'count DESC', limit: 200 }, { pagination: 10 }),
    table('Deployments', 'deployments', [time, { name: 'service', display: 'Service' }, { name: 'version', display: 'Version' }, { name: 'who', display: 'By' }], { order_by: 'happened_at DESC' }, { pagination: 10 }),
    table('Hosts', 'hosts', [{ name: 'name', display: 'Host' }, { name: 'zone', display: 'Zone' }, { name: 'load', display: 'Load', format: 'number' }, { name: 'free_bytes', display: 'Free', format: 'bytes' }], { order_by: 'load DESC' }, { pagination: 10, filters: true }),
  ];
}
