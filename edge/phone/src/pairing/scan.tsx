// The camera reads the code from the nurse's screen, where the browser can.

import { useEffect, useRef } from "preact/hooks";
import { words } from "../words/words";
import { codeOf } from "./code";

export const canScan = (): boolean => "BarcodeDetector" in globalThis && navigator.mediaDevices !== undefined;

const LOOK_EVERY_MS = 250;

export function Scan({ found, close }: { found: (code: string) => void; close: (isRefused: boolean) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let stream: MediaStream | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    const look = async () => {
      if (isOver || video.current === null) return;
      const codes = await detector.detect(video.current).catch(() => []);
      const code = codes.map((one) => codeOf(one.rawValue)).find((one) => one !== null);
      if (isOver) return;
      if (code) found(code);
      else timer = setTimeout(look, LOOK_EVERY_MS);
    };
    const begin = async () => {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (isOver || video.current === null) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      video.current.srcObject = stream;
      await video.current.play();
      await look();
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
