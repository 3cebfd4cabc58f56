// Floor: hands bytes over and looks at none of them. What any process in the path costs.
import { startUpstream } from './upstream.mjs';

const upstream = startUpstream();
process.stdin.pipe(upstream.stdin);
upstream.stdout.pipe(process.stdout);
