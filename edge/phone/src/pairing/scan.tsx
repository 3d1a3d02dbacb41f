// The camera reads the code from the nurse's screen: by the browser's own detector where it has one, else by one that is
// fetched when the camera is opened. Where neither comes, the code is typed.

import { useEffect, useRef } from "preact/hooks";
import { words } from "../words/words";
import { codeOf } from "./code";

export const canScan = (): boolean => navigator.mediaDevices !== undefined;

const LOOK_EVERY_MS = 250;
/** Enough to read a code that fills a third of the picture, and quick to search. */
const WIDTH = 640;

interface Detector {
  detect(picture: HTMLVideoElement): Promise<readonly { rawValue: string }[]>;
}

async function findDetector(): Promise<Detector> {
  const options = { formats: ["qr_code" as const] };
  // A browser may have the class and no format: that of the system beneath it.
  const own = "BarcodeDetector" in globalThis ? await BarcodeDetector.getSupportedFormats().catch(() => []) : [];
  if (own.includes("qr_code")) return new BarcodeDetector(options);
  const { BarcodeDetector: Other } = await import("qr/decode.js");
  return new Other(options);
}

export function Scan({ found, close }: { found: (code: string) => void; close: (isRefused: boolean) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let stream: MediaStream | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const look = async (detector: Detector) => {
      if (isOver || video.current === null) return;
      const codes = await detector.detect(video.current).catch(() => []);
      const code = codes.map((one) => codeOf(one.rawValue)).find((one) => one !== null);
      if (isOver) return;
      if (code) found(code);
      else timer = setTimeout(look, LOOK_EVERY_MS, detector);
    };
    const begin = async () => {
      const finding = findDetector();
      finding.catch(() => undefined); // told below, unless the camera is refused first
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: WIDTH } },
      });
      if (isOver || video.current === null) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      video.current.srcObject = stream;
      await video.current.play();
      await look(await finding);
    };
    begin().catch(() => {
      if (!isOver) close(true);
    });
    return () => {
      isOver = true;
      clearTimeout(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
  }, []);
  return (
    <div class="scan">
      <p role="status">{words("pair.scanning")}</p>
      <video ref={video} muted playsInline aria-label={words("pair.camera")} />
      <button type="button" class="button" onClick={() => close(false)}>
        {words("pair.type_instead")}
      </button>
    </div>
  );
}
