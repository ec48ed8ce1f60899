// What the catalog knows of a device.
import { mist } from 'mist';

const { name, memory_bandwidth: bandwidth } = mist.catalog().hardware('h100-sxm-80gb');
console.log(name, `${bandwidth / 1e12} TB/s`);
// H100-SXM-80GB 3.35 TB/s
