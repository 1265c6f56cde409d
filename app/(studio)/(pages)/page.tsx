import { HomeView } from '../../_studio/home/home-view.tsx';

export default function HomePage() {
  return <HomeView />;
}
