// A page that one comes to from another: the way back, what is wrong with the system, and the page itself.

import type { ComponentChildren } from "preact";
import { Banners } from "./banners";
import { ArrowIcon } from "./icons";
import { Main } from "./main";
import { TopBar } from "./top_bar";

interface Props {
  /** Where the way back leads, and its words. */
  back: string;
  backWords: string;
  class: string;
  children: ComponentChildren;
}

export function SubPage({ back, backWords, class: name, children }: Props) {
  return (
    <>
      <TopBar>
        <a class="button back" href={back}>
          <ArrowIcon to="left" /> {backWords}
        </a>
      </TopBar>
      <Banners />
      <Main class={name}>{children}</Main>
    </>
  );
}
