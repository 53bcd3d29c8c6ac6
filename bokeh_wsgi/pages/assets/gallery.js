// The gallery: search, and times that stay true.
import {searchBox} from "./search.js";
import {keepTimes} from "./times.js";

searchBox();
keepTimes();
