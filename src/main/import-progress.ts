// How an import is getting on: one line that is rewritten on a terminal, a plain line every ten seconds elsewhere.
import type { ImportProgress } from '../ingest/import-files.ts';

export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** @param clock monotonic milliseconds */
export function progressWriter(out: ProgressOutput, clock: () => number) {
  const started = clock();
  const pause = out.isTTY === true ? 100 : 10_000;
  let shown = started;
  let drawn = false;
  return {
    show(progress: ImportProgress): void {
      const now = clock();
      if (now - shown < pause) return;
      shown = now;
      const text = progressText(progress, (now - started) / 1000);
      out.write(out.isTTY === true ? `\r\x1b[2K${text.slice(0, (out.columns ?? 80) - 1)}` : `${text}\n`);
      drawn = true;
    },
    end(): void {
      if (drawn && out.isTTY === true) out.write('\r\x1b[2K');
    },
  };
}

function progressText(progress: ImportProgress, seconds: number): string {
  const { resources, bytesTotal, bytesRead, bytesDone, file } = progress;
  const parts = [`${resources} resources`, `${Math.round(resources / seconds)}/s`];
  if (bytesTotal !== undefined && bytesTotal > 0) {
    const share = Math.min(1, bytesDone / bytesTotal);
    const read = Math.min(1, bytesRead / bytesTotal);
    parts.push(percent(share));
    if (share > 0.01) parts.push(`${duration((seconds / share) * (1 - share))} left`);
    // A Bundle is read to its end before anything of it is written.
    else if (read > 0.01) parts.push(`${percent(read)} read`);
  }
  return `${parts.join('  ')}  ${file}`;
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
