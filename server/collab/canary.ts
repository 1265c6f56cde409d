import '../features/access/repo.ts';
