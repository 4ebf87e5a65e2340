// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';

/// Height of the window in CSS pixels, kept current.
export function useWindowHeight(): number {
  const [height, setHeight] = useState(innerHeight);
  useEffect(() => {
    const listen = () => setHeight(innerHeight);
    addEventListener('resize', listen);
    return () => removeEventListener('resize', listen);
  }, []);
  return height;
}
